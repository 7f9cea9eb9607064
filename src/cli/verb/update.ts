import { at } from "../../client/client.ts";
import { networkBandwidth } from "../create/bandwidth.ts";
import { diskLimits, restartPolicy } from "../create/limits.ts";
import { createOptions } from "../create/options.ts";
import { each } from "../each.ts";
import { read, type Values } from "../options/option.ts";
import { sizeOrUnlimited } from "../options/readers.ts";
import { UsageError } from "../options/usage-error.ts";
import { err, out } from "../terminal/output.ts";
import { ANY, verb } from "../verb.ts";

/** What can be changed of a container that runs. */
export const limitOptions = {
  memory: read("SIZE", sizeOrUnlimited, "Memory limit; -1 for none", { short: "m" }),
  "memory-swap": createOptions["memory-swap"],
  "memory-reservation": createOptions["memory-reservation"],
  cpus: createOptions.cpus,
  "cpu-shares": createOptions["cpu-shares"],
  "cpuset-cpus": createOptions["cpuset-cpus"],
  "cpuset-mems": createOptions["cpuset-mems"],
  "cpu-period": createOptions["cpu-period"],
  "cpu-quota": createOptions["cpu-quota"],
  "cpu-rt-period": createOptions["cpu-rt-period"],
  "cpu-rt-runtime": createOptions["cpu-rt-runtime"],
  "pids-limit": createOptions["pids-limit"],
  "blkio-weight": createOptions["blkio-weight"],
  "blkio-weight-device": createOptions["blkio-weight-device"],
  "device-read-bps": createOptions["device-read-bps"],
  "device-write-bps": createOptions["device-write-bps"],
  "device-read-iops": createOptions["device-read-iops"],
  "device-write-iops": createOptions["device-write-iops"],
  restart: createOptions.restart,
  "network-bandwidth": read(
    "in=RATE,out=RATE",
    networkBandwidth,
    "How fast it may receive and send; 0 or none for no limit",
  ),
} as const;

export const update = verb({
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  options: limitOptions,
  args: [1, ANY],
  examples: [
    "inro update --memory 512m --cpus 1.5 web db",
    "inro update --restart on-failure:3 web",
    "inro update --network-bandwidth out=2mbit web",
  ],
  run: ({ client }, { options, args, given }) => {
    if (given.size === 0)
      throw new UsageError("you must provide one or more flags: say what is to be changed", 1);
    const body = limits(options);
    return each(args, async (name) => {
      const path = at`/containers/${name}/update`;
      const { Warnings } = await client.json<Answer>({ method: "POST", path, body });
      for (const warning of Warnings ?? []) err(`WARNING: ${warning}\n`);
      out(`${name}\n`);
    });
  },
});

interface Answer {
  readonly Warnings: readonly string[] | null;
}

/** Fields of a HostConfig. */
export function limits(asked: Values<typeof limitOptions>): Record<string, unknown> {
  return {
    Memory: asked.memory,
    MemorySwap: asked["memory-swap"],
    MemoryReservation: asked["memory-reservation"],
    // The API knows no quota for none.
    ...(asked.cpus === 0 ? { CpuQuota: -1 } : { NanoCpus: asked.cpus, CpuQuota: asked["cpu-quota"] }),
    CpuPeriod: asked["cpu-period"],
    CpuShares: asked["cpu-shares"],
    CpuRealtimePeriod: asked["cpu-rt-period"],
    CpuRealtimeRuntime: asked["cpu-rt-runtime"],
    CpusetCpus: asked["cpuset-cpus"],
    CpusetMems: asked["cpuset-mems"],
    PidsLimit: asked["pids-limit"],
    BlkioWeight: asked["blkio-weight"],
    ...diskLimits(asked),
    ...(asked.restart === undefined ? {} : { RestartPolicy: restartPolicy(asked.restart) }),
    NetworkBandwidth: asked["network-bandwidth"],
  };
}
