import { InroError } from "../../oci/error.ts";
import { Undo } from "../../oci/undo.ts";
import { type Core, record, tell } from "../core.ts";
import { checkLimits } from "../create/validate.ts";
import { resourcesOf, restartPolicyOf } from "../current.ts";
import type { ContainerChange } from "../engine.ts";
import type { Entry } from "../entry.ts";
import { changedBandwidth, limitNow } from "../networks/bandwidth.ts";
import type { Resources } from "../options.ts";
import { blkioLimits } from "../spec/block-io.ts";
import { allLimits, changedLimits } from "../spec/resources.ts";
import { takeTurn } from "../turn.ts";

/**
 * Changes limits and restart policy, at once when it runs: all of it or nothing. The record leads: where the engine dies
 * between, the next one limits what runs as is recorded. INVALID_OPTION, CGROUP_LIMIT_REFUSED, NETWORK_SETUP_FAILED.
 */
export async function update(core: Core, entry: Entry, change: ContainerChange): Promise<void> {
  await takeTurn(core, entry, async () => {
    const { fortune } = entry;
    const before = resourcesOf(entry);
    const resources = changedResources(before, change.resources);
    checkLimits(resources, core.host.cpus);
    const limits = changedLimits(before, resources, core.host);
    const restart = change.restart ?? restartPolicyOf(entry);
    if (entry.origin.options.autoRemove && restart.name !== "no")
      throw refusal(
        "Restart policy cannot be updated because AutoRemove is enabled for the container",
        "--restart",
      );
    const bandwidth = changedBandwidth(core, entry, change.bandwidth);
    await using undo = new Undo();
    undo.add("limit it as before", async () => {
      const { resources: limited, restart: policy, bandwidth: held } = fortune;
      record(core, entry, { resources: limited, restart: policy, bandwidth: held }, "machine");
      await limitAsRecorded(core, entry).catch((error) =>
        core.fault(`limiting ${entry.name} as before`, error),
      );
    });
    // In one piece: what dies between leaves all of it to the next engine.
    record(core, entry, { resources, restart, bandwidth }, "machine");
    await entry.live?.update(limits);
    if (entry.live !== null && bandwidth !== fortune.bandwidth) await limitNow(core, entry);
    undo.release();
  });
  tell(core, entry, "update");
}

/** Tells the kernel what is recorded, whatever it was told before. */
export async function limitAsRecorded(core: Core, entry: Entry): Promise<void> {
  if (entry.live === null) return;
  await limitNow(core, entry);
  await entry.live.update(allLimits(resourcesOf(entry), core.host));
}

/** Two ways of saying the same take each other's place. -1 is no limit. */
export function changedResources(before: Resources, change: Partial<Resources>): Resources {
  const { memory, memorySwap, cpuQuota, cpuPeriod, nanoCpus } = change;
  if (memory !== undefined && memorySwap === undefined && before.memorySwap > 0 && memory > before.memorySwap)
    throw refusal(
      "Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time",
      "--memory",
    );
  const { blkioDevices } = change;
  return {
    ...before,
    ...change,
    ...(blkioDevices !== undefined && { blkioDevices: withDevices(before.blkioDevices, blkioDevices) }),
    ...(memory === -1 && { memory: 0, memorySwap: 0 }),
    ...(nanoCpus !== undefined && { cpuQuota: 0, cpuPeriod: 0 }),
    ...(cpuQuota !== undefined && { nanoCpus: 0, cpuQuota: Math.max(cpuQuota, 0) }),
    ...(cpuPeriod !== undefined && { nanoCpus: 0, cpuPeriod }),
  };
}

type Devices = Resources["blkioDevices"];

/** A limit of 0 goes; disks that are not named keep theirs. */
function withDevices(before: Devices, change: Devices): Devices {
  const lists = blkioLimits.map((limit) => {
    const named = new Set(change[limit].map(({ path }) => path));
    const kept = before[limit].filter(({ path }) => !named.has(path));
    return [limit, [...kept, ...change[limit].filter(({ rate }) => rate > 0)]] as const;
  });
  return Object.fromEntries(lists) as unknown as Devices;
}

function refusal(why: string, at: string): InroError {
  return new InroError("INVALID_OPTION", { what: "cannot update the container", why, at });
}
