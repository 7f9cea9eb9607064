import { InroError } from "../oci/error.ts";
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

const milliseconds: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };

/** A filter's `until`: a Unix time, a date, or how long ago in Go's form (`10m`, `1h30m`). Milliseconds since 1970. INVALID_FILTER. */
export function momentOf(text: string): number {
  if (/^[0-9]+(\.[0-9]+)?$/.test(text)) return Number(text) * 1000;
  if (/^([0-9]+(\.[0-9]+)?(h|ms|m|s))+$/.test(text)) {
    const parts = [...text.matchAll(/([0-9.]+)(h|ms|m|s)/g)];
    return (
      Date.now() -
      parts.reduce((sum, [, count, unit = ""]) => sum + Number(count) * (milliseconds[unit] ?? 0), 0)
    );
  }
  const date = Date.parse(text);
  // What is no moment must not be later than everything.
  if (!Number.isNaN(date)) return date;
  throw new InroError("INVALID_FILTER", {
    what: `cannot filter until ${JSON.stringify(text)}`,
    why: "it is no moment",
    hint: "write a date, a Unix time, or how long ago: 24h",
    at: "--filter",
  });
}

/** A duration as Go prints it: `1m30s`, `2.5s`, `100ms`. */
export function goDuration(of: number): string {
  if (of < 1000) return `${of}ms`;
  const [hours, minutes] = [Math.floor(of / 3_600_000), Math.floor(of / 60_000) % 60];
  const seconds = `${(of % 60_000) / 1000}s`;
  if (hours > 0) return `${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${minutes}m${seconds}` : seconds;
}
