import { randomInt } from "node:crypto";
import { deleteLink, makeDetour, setAlias } from "../kernel/netlink/link.ts";
import { encodeMessages } from "../kernel/netlink/message.ts";
import { addFilters, limitRate, queueFairly, redirect } from "../kernel/netlink/traffic.ts";
import { emptyFragment, type PlanFragment } from "../kernel/plan/fragment.ts";
import type { OpOf } from "../kernel/plan/operations.ts";
import type { AttachmentRecord } from "./attachment.ts";
import { type Direction, describeRate, type Limit, type Shaper, tokenBucket } from "./bandwidth.ts";
import { hostInterfaceIndex } from "./fragment.ts";

const ENOENT = 2;
const EEXIST = 17;
const ENODEV = 19;

/** Bytes that may wait in one direction where the kernel queues fairly, and so needs no short queue. */
const QUEUE_MEMORY = 4 * 1024 * 1024;

export const directions = ["in", "out"] as const satisfies readonly Direction[];
/** What comes to a container is what the host's end of its pair sends. */
export const endOf = { in: "egress", out: "ingress" } as const;
const letters = { in: "i", out: "o" } as const;
/** Indices that are neither the default bridge's nor those of pairs. */
const FIRST_INDEX = 0x10000000;
/** Such a device's name. */
export const DEVICE = /^inro-[io][0-9a-f]{8}$/;

export type Netlink = OpOf<"netlink">;

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

export const limitsOf = (shaper: Shaper | null): Limit[] =>
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

export const redirections = (shaper: Shaper, index: number) =>
  directions.flatMap((direction) => {
    const limit = shaper[direction];
    return limit === null ? [] : [redirect(index, endOf[direction], indexOf(limit.device))];
  });

export function removeDevice(device: string): Netlink {
  return {
    kind: "netlink",
    family: "route",
    messages: encodeMessages([deleteLink(device)]),
    tolerate: ENODEV,
    what: `remove ${device}`,
    because: "--network-bandwidth",
  };
}
