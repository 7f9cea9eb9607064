import type { TokenBucket } from "../kernel/netlink/traffic.ts";

/** To the container, and from it. */
export type Direction = "in" | "out";

/** How fast a container may receive and send, all its networks together. Bits a second; null: as fast as it goes. */
export type Bandwidth = { readonly [D in Direction]: number | null };

/** One direction's limit, and the device of the host that keeps it. */
export interface Limit {
  readonly device: string;
  /** Bits a second. */
  readonly rate: number;
  /** It was made while the container ran: the container's plan, and so its monitor, does not know of it. */
  readonly joined: boolean;
}

/** The limits of a container that runs. Plain JSON, as recorded. */
export type Shaper = { readonly [D in Direction]: Limit | null } & {
  readonly containerId: string;
  /** Bytes: the largest of its networks'. */
  readonly mtu: number;
};

/** Ethernet's header with a VLAN's tag. */
const FRAME_HEADER = 18;
const LEAST_FRAMES = 2;
/** Seconds of the rate that may go at once: a clock that ticks every hundredth still gives all of it. */
const BURST = 0.01;
/** Seconds and frames that may wait. */
const LATENCY = 0.1;
const LEAST_QUEUE = 20;
const MOST_QUEUE = 64 * 1024 * 1024;

/** The bucket for bits a second. A burst under a whole frame would let nothing pass (tc-tbf(8)). */
export function tokenBucket(bits: number, mtu: number): TokenBucket {
  const rate = Math.ceil(bits / 8);
  const frame = mtu + FRAME_HEADER;
  const burst = Math.min(Math.max(Math.ceil(rate * BURST), LEAST_FRAMES * frame), MOST_QUEUE);
  const waiting = Math.max(Math.ceil(rate * LATENCY), LEAST_QUEUE * frame);
  return { rate, burst, limit: burst + Math.min(waiting, MOST_QUEUE) };
}

const units = [
  ["tbit", 1e12],
  ["gbit", 1e9],
  ["mbit", 1e6],
  ["kbit", 1e3],
] as const;

/** As tc(8) writes rates: `10mbit`. */
export function describeRate(bits: number): string {
  const [unit, size] = units.find(([, size]) => bits >= size && bits % size === 0) ?? ["bit", 1];
  return `${bits / size}${unit}`;
}
