import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { addFilters, removeFilters, stopRedirecting } from "../kernel/netlink/traffic.ts";
import type { Op } from "../kernel/plan/operations.ts";
import { InroError } from "../oci/error.ts";
import type { AttachmentRecord } from "./attachment.ts";
import type { Shaper } from "./bandwidth.ts";
import { hostInterfaceIndex } from "./fragment.ts";
import type { Executor } from "./lasting-executor.ts";
import { type About, failureOf, findLink, route } from "./operations.ts";
import { DEVICE, directions, endOf, limitsOf, redirections, removeDevice, shaperFragment } from "./shaper.ts";

const { EEXIST, ENODEV, ENOENT } = constants.errno;

/** Gives a container that runs other limits than it has: first what holds back, then who goes there, then what nobody uses. */
export async function shape(
  executor: Executor,
  table: string,
  change: {
    readonly from: Shaper | null;
    readonly to: Shaper | null;
    readonly attachments: readonly AttachmentRecord[];
  },
): Promise<void> {
  const { from, to, attachments } = change;
  const devices = new Set(limitsOf(to).map(({ device }) => device));
  if (to !== null) await run(executor, shaperFragment(table, to).map);
  for (const { hostInterface } of attachments)
    if (hostInterface !== "") await lead(executor, to, hostInterface);
  const unused = limitsOf(from).filter(({ device }) => !devices.has(device));
  await run(
    executor,
    unused.map(({ device }) => removeDevice(device)),
  );
}

async function lead(executor: Executor, to: Shaper | null, hostInterface: string): Promise<void> {
  const index = hostInterfaceIndex(hostInterface);
  const about = (tolerate: number): About => ({
    ...{ what: `lead ${hostInterface} by way of its limits`, because: "--network-bandwidth", tolerate },
  });
  const stop = directions.map((direction) => stopRedirecting(index, endOf[direction]));
  const ops =
    to === null
      ? [route([removeFilters(index)], about(ENOENT))]
      : [
          route([addFilters(index)], about(EEXIST)),
          route(stop, about(ENOENT)),
          route(redirections(to, index), about(0)),
        ];
  // Its container may end while we work.
  await run(executor, ops, ENODEV);
}

/** For a container that has ended. `undone`: its monitor did what its plan says; what was made later the plan does not know. */
export async function unshape(executor: Executor, shaper: Shaper, undone: boolean): Promise<void> {
  const left = limitsOf(shaper).filter(({ joined }) => joined || !undone);
  await run(
    executor,
    left.map(({ device }) => removeDevice(device)),
  );
}

/** Removes devices of ours that no container has, as an engine without its records leaves them. */
export async function sweepLimits(
  executor: Executor,
  table: string,
  known: readonly Shaper[],
): Promise<void> {
  const wanted = new Set(known.flatMap((shaper) => limitsOf(shaper).map(({ device }) => device)));
  // Of the reader's own network, and mostly there is none.
  const names = readFileSync("/proc/net/dev", "utf8").match(/^ *[^:\s]+(?=:)/gm) ?? [];
  for (const name of names.map((found) => found.trim())) {
    if (!DEVICE.test(name) || wanted.has(name)) continue;
    const link = await findLink(executor, name);
    if (link?.kind === "ifb" && link.alias.startsWith(`${table} `)) await run(executor, [removeDevice(name)]);
  }
}

/** `tolerate`: the errno that ends the work, and is no failure. */
async function run(executor: Executor, ops: readonly Op[], tolerate = 0): Promise<void> {
  if (ops.length === 0) return;
  const records = await executor.batch(ops);
  const failure = failureOf(ops, records);
  if (failure === undefined || records.find(({ errno }) => errno !== 0)?.errno === tolerate) return;
  throw new InroError("NETWORK_SETUP_FAILED", {
    what: "cannot limit the container's bandwidth",
    why: failure,
    hint: "the kernel needs its modules ifb, sch_tbf, sch_ingress, cls_u32 and act_mirred",
  });
}
