import { randomInt } from "node:crypto";
import { constants } from "node:os";
import { makeDetour, setAlias } from "../kernel/netlink/link.ts";
import { addFilters, limitRate, queueFairly, redirect } from "../kernel/netlink/traffic.ts";
import { emptyFragment, type PlanFragment } from "../kernel/plan/fragment.ts";
import type { AttachmentRecord } from "./attachment.ts";
import { type Direction, describeRate, type Limit, type Shaper, tokenBucket } from "./bandwidth.ts";
import { hostInterfaceIndex } from "./fragment.ts";
import { type Netlink, removeLink, route } from "./operations.ts";

const { EEXIST, ENOENT } = constants.errno;
const flag = "--network-bandwidth";

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
  const because = `${flag} ${direction}=${describeRate(limit.rate)}`;
  const bucket = tokenBucket(limit.rate, shaper.mtu);
  return [
    route(
      [
        makeDetour(limit.device, index),
        setAlias(index, `${table} ${shaper.containerId} ${direction}`),
        limitRate(index, bucket),
      ],
      {
        what: `${limit.device} lets ${describeRate(limit.rate)} ${direction}, ${bucket.burst} bytes at once`,
        ...{ because, tolerate: EEXIST },
      },
    ),
    route([queueFairly(index, QUEUE_MEMORY)], {
      what: `${limit.device} queues fairly, where the kernel can`,
      ...{ because, tolerate: ENOENT },
    }),
  ];
}

/** For a new connection: its frames make the detour, whatever is done at the container's end. */
export function leadThroughLimits(shaper: Shaper, { hostInterface }: AttachmentRecord): Netlink[] {
  const index = hostInterfaceIndex(hostInterface);
  const devices = limitsOf(shaper).map(({ device }) => device);
  return [
    route([addFilters(index), ...redirections(shaper, index)], {
      what: `${hostInterface} goes by way of ${devices.join(" and ")}`,
      because: flag,
    }),
  ];
}

export const redirections = (shaper: Shaper, index: number) =>
  directions.flatMap((direction) => {
    const limit = shaper[direction];
    return limit === null ? [] : [redirect(index, endOf[direction], indexOf(limit.device))];
  });

export const removeDevice = (device: string): Netlink => removeLink(device, flag);
