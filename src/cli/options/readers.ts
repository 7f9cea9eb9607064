import { UsageError } from "./usage-error.ts";
/** Readers of options' values. Each throws an Error that completes the sentence `cannot use "…" for --x: …`. */

/** Docker's sizes: bytes, or with b, k, m, g, t, p, each 1024 times the one before; `512m`, `1.5GiB`. */
export function size(text: string): number {
  const match = /^(\d+(?:\.\d+)?) ?(?:([kmgtp])(?:i?b)?|b)?$/i.exec(text);
  if (match === null) throw new Error("it is not a size (write 512m or 2g)");
  const power = match[2] === undefined ? 0 : "kmgtp".indexOf(match[2].toLowerCase()) + 1;
  const bytes = Math.floor(Number(match[1]) * 1024 ** power);
  if (!Number.isSafeInteger(bytes)) throw new Error("it is too large");
  return bytes;
}

/** A size, or -1 for "without limit". */
export const sizeOrUnlimited = (text: string): number => (text === "-1" ? -1 : size(text));

export function integer(text: string): number {
  if (!/^[+-]?\d+$/.test(text)) throw new Error("it is not a whole number");
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new Error("it is too large");
  return value;
}

/** Billionths of a processor, as the API has them: `1.5` is 1,500,000,000. */
export function nanoCpus(text: string): number {
  if (!/^\d*\.?\d+$/.test(text)) throw new Error("it is not a number of processors (write 1.5)");
  const value = Math.round(Number(text) * 1e9);
  if (Math.abs(value - Number(text) * 1e9) > 1e-3)
    throw new Error("it has more than nine digits after the point");
  return value;
}

const UNITS: Readonly<Record<string, number>> = {
  ns: 1e-9,
  us: 1e-6,
  µs: 1e-6,
  ms: 1e-3,
  s: 1,
  m: 60,
  h: 3600,
};

/** Seconds of a Go duration (`1m30s`, `250ms`), or undefined when the text is none. */
export function duration(text: string): number | undefined {
  if (!/^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/.test(text)) return undefined;
  let seconds = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g))
    seconds += Number(amount) * (UNITS[unit ?? "s"] ?? 1);
  return seconds;
}

export function nanoseconds(text: string): number {
  const seconds = duration(text);
  if (seconds === undefined) throw new Error("it is not a duration (write 1m30s)");
  return Math.round(seconds * 1e9);
}

/**
 * A moment as the API takes it, in seconds with up to nine digits after the point: from a date (RFC 3339, its parts
 * from the right may be missing), a Unix time, or a duration before now.
 */
export function moment(text: string, now: number = Date.now()): string {
  if (/^\d+(\.\d{1,9})?$/.test(text)) return text;
  const ago = duration(text);
  if (ago !== undefined) return (now / 1000 - ago).toFixed(9);
  const date = /^\d{4}-\d\d-\d\d(?:T\d\d(?::\d\d(?::\d\d(\.\d{1,9})?)?)?(?:Z|[+-]\d\d:\d\d)?)?$/.exec(text);
  const fraction = date?.[1] ?? "";
  const whole = fraction === "" ? text : text.replace(fraction, "");
  const parsed = date === null ? Number.NaN : Date.parse(completed(whole));
  if (Number.isNaN(parsed))
    // As docker, which hands it to the engine.
    throw new UsageError("it is not a time (write 10m, 2026-11-24T10:00:00 or 1795514400)", 1);
  return `${Math.floor(parsed / 1000)}${fraction}`;
}

/** `2026-11-24` and `2026-11-24T10` with what Date.parse wants; without a zone it is local time, as Docker has it. */
function completed(text: string): string {
  if (!text.includes("T")) return `${text}T00:00:00`;
  return text.replace(/T(\d\d)(?=$|Z|[+-])/, "T$1:00:00");
}
