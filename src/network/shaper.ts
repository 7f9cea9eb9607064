import { randomInt } from "node:crypto";
import { readFileSync } from "node:fs";
import { decodeMessages, encodeMessages } from "../kernel/netlink/message.ts";
import { decodeLink, deleteLink, getLink, makeDetour, setAlias } from "../kernel/netlink/route.ts";
import {
  addFilters,
  limitRate,
  queueFairly,
  redirect,
  removeFilters,
  stopRedirecting,
} from "../kernel/netlink/traffic.ts";
import { emptyFragment, type PlanFragment } from "../kernel/plan/fragment.ts";
import type { Op, OpOf } from "../kernel/plan/operations.ts";
import { InroError } from "../oci/error.ts";
import type { AttachmentRecord } from "./attachment.ts";
import { type Direction, describeRate, type Limit, type Shaper, tokenBucket } from "./bandwidth.ts";
import { hostInterfaceIndex } from "./fragment.ts";
import type { Executor } from "./lasting-executor.ts";

const ENOENT = 2;
const EEXIST = 17;
const ENODEV = 19;

/** Bytes that may wait in one direction where the kernel queues fairly, and so needs no short queue. */
const QUEUE_MEMORY = 4 * 1024 * 1024;

const directions = ["in", "out"] as const satisfies readonly Direction[];
/** What comes to a container is what the host's end of its pair sends. */
const endOf = { in: "egress", out: "ingress" } as const;
const letters = { in: "i", out: "o" } as const;
/** Indices that are neither the default bridge's nor those of pairs. */
const FIRST_INDEX = 0x10000000;
const NAME = /^inro-[io][0-9a-f]{8}$/;

type Netlink = OpOf<"netlink">;

/** A device's name with its index in it, unique per start: so that a plan can say where frames go. */
export const newDevice = (direction: Direction): string =>
  `inro-${letters[direction]}${(FIRST_INDEX + randomInt(0x0fffffff)).toString(16)}`;
const indexOf = (device: string) => Number.parseInt(device.slice(-8), 16);

/**
 * The devices of a container's limits, on the host, where no capability in the container reaches them. All its connections
 * lead through the same two.
 */
export function shaperFragment(table: string, shaper: Shaper): PlanFragment {
  return {
    ...emptyFragment,
    map: directions.flatMap((direction) => makeLimit(table, shaper, direction)),
    undo: limitsOf(shaper).map(({ device }) => removeDevice(device)),
  };
}

const limitsOf = (shaper: Shaper | null): Limit[] =>
  directions.flatMap((direction) => shaper?.[direction] ?? []);

/** What is there already is changed. */
function makeLimit(table: string, shaper: Shaper, direction: Direction): Netlink[] {
  const limit = shaper[direction];
  if (limit === null) return [];
  const index = indexOf(limit.device);
  const because = `--network-bandwidth ${direction}=${describeRate(limit.rate)}`;
  const bucket = tokenBucket(limit.rate, shaper.mtu);
  return [
    {
      kind: "netlink",
      family: "route",
      messages: encodeMessages([
        makeDetour(limit.device, index),
        setAlias(index, `${table} ${shaper.containerId} ${direction}`),
        limitRate(index, bucket),
      ]),
      tolerate: EEXIST,
      what: `${limit.device} lets ${describeRate(limit.rate)} ${direction}, ${bucket.burst} bytes at once`,
      because,
    },
    {
      kind: "netlink",
      family: "route",
      messages: encodeMessages([queueFairly(index, QUEUE_MEMORY)]),
      tolerate: ENOENT,
      what: `${limit.device} queues fairly, where the kernel can`,
      because,
    },
  ];
}

/** For a new connection: its frames make the detour, whatever is done at the container's end. */
export function leadThroughLimits(shaper: Shaper, { hostInterface }: AttachmentRecord): Netlink[] {
  const index = hostInterfaceIndex(hostInterface);
  return [
    {
      kind: "netlink",
      family: "route",
      messages: encodeMessages([addFilters(index), ...redirections(shaper, index)]),
      tolerate: 0,
      what: `${hostInterface} goes by way of ${limitsOf(shaper)
        .map(({ device }) => device)
        .join(" and ")}`,
      because: "--network-bandwidth",
    },
  ];
}

const redirections = (shaper: Shaper, index: number) =>
  directions.flatMap((direction) => {
    const limit = shaper[direction];
    return limit === null ? [] : [redirect(index, endOf[direction], indexOf(limit.device))];
  });

function removeDevice(device: string): Netlink {
  return {
    kind: "netlink",
    family: "route",
    messages: encodeMessages([deleteLink(device)]),
    tolerate: ENODEV,
    what: `remove ${device}`,
    because: "--network-bandwidth",
  };
}

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
  const records = await executor.batch(ops);
  // Its container ends while we work.
  if (records.some(({ errno }) => errno === ENODEV)) return;
  await run(executor, ops);
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
    if (!NAME.test(name) || wanted.has(name)) continue;
    const messages = encodeMessages([getLink(name)]);
    const [found] = await executor.batch([{ ...removeDevice(name), messages, what: `find ${name}` }]);
    const link = decodeMessages(found?.data ?? new Uint8Array(0)).map(decodeLink)[0];
    if (link?.kind === "ifb" && link.alias.startsWith(`${table} `)) await run(executor, [removeDevice(name)]);
  }
}

async function run(executor: Executor, ops: readonly Op[]): Promise<void> {
  if (ops.length === 0) return;
  const records = await executor.batch(ops);
  const wrong = records.find(({ errno }) => errno !== 0);
  if (wrong === undefined) return;
  const op = ops[wrong.index];
  throw new InroError("NETWORK_SETUP_FAILED", {
    what: "cannot limit the container's bandwidth",
    why: `${op !== undefined && "what" in op ? op.what : ""}: errno ${wrong.errno} ${wrong.detail}`.trim(),
    hint: "the kernel needs its modules ifb, sch_tbf, sch_ingress, cls_u32 and act_mirred",
  });
}
