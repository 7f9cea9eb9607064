import { readFileSync } from "node:fs";
import { decodeLink, getLink } from "../kernel/netlink/link.ts";
import { decodeMessages, encodeMessages } from "../kernel/netlink/message.ts";
import { addFilters, removeFilters, stopRedirecting } from "../kernel/netlink/traffic.ts";
import type { Op } from "../kernel/plan/operations.ts";
import { InroError } from "../oci/error.ts";
import type { AttachmentRecord } from "./attachment.ts";
import type { Shaper } from "./bandwidth.ts";
import { hostInterfaceIndex } from "./fragment.ts";
import type { Executor } from "./lasting-executor.ts";
import {
  DEVICE,
  directions,
  endOf,
  limitsOf,
  type Netlink,
  redirections,
  removeDevice,
  shaperFragment,
} from "./shaper.ts";

const ENOENT = 2;
const EEXIST = 17;
const ENODEV = 19;

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
  const op = (messages: Netlink["messages"], tolerate: number): Netlink => ({
    ...{ kind: "netlink", family: "route", messages, tolerate },
    what: `lead ${hostInterface} by way of its limits`,
    because: "--network-bandwidth",
  });
  const stop = directions.map((direction) => stopRedirecting(index, endOf[direction]));
  const ops =
    to === null
      ? [op(encodeMessages([removeFilters(index)]), ENOENT)]
      : [
          op(encodeMessages([addFilters(index)]), EEXIST),
          op(encodeMessages(stop), ENOENT),
          op(encodeMessages(redirections(to, index)), 0),
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
    const messages = encodeMessages([getLink(name)]);
    const [found] = await executor.batch([{ ...removeDevice(name), messages, what: `find ${name}` }]);
    const link = decodeMessages(found?.data ?? new Uint8Array(0)).map(decodeLink)[0];
    if (link?.kind === "ifb" && link.alias.startsWith(`${table} `)) await run(executor, [removeDevice(name)]);
  }
}

/** `tolerate`: the errno that ends the work, and is no failure. */
async function run(executor: Executor, ops: readonly Op[], tolerate = 0): Promise<void> {
  if (ops.length === 0) return;
  const records = await executor.batch(ops);
  const wrong = records.find(({ errno }) => errno !== 0);
  if (wrong === undefined || wrong.errno === tolerate) return;
  const op = ops[wrong.index];
  throw new InroError("NETWORK_SETUP_FAILED", {
    what: "cannot limit the container's bandwidth",
    why: `${op !== undefined && "what" in op ? op.what : ""}: errno ${wrong.errno} ${wrong.detail}`.trim(),
    hint: "the kernel needs its modules ifb, sch_tbf, sch_ingress, cls_u32 and act_mirred",
  });
}
