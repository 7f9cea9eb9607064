import { type Timestamp, timestamp } from "./state.ts";

const origin = BigInt(Date.now()) * 1_000_000n - process.hrtime.bigint();
let last = 0n;

/**
 * Nanoseconds since 1970, never the same twice, so that what happened later has a later time. Follows the machine's
 * clock when that is set.
 */
export function now(): bigint {
  const wall = BigInt(Date.now()) * 1_000_000n;
  const fine = origin + process.hrtime.bigint();
  const drift = fine - wall;
  const time = drift > 2_000_000n || drift < -2_000_000n ? wall : fine;
  last = time > last ? time : last + 1n;
  return last;
}

export function timeNow(): Timestamp {
  return timestamp(now());
}
