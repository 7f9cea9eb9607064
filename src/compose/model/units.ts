/** Sizes and times as a Compose file writes them (11-extension.md) and as docker compose v2 prints them. */
import { parseDuration } from "../../oci/duration.ts";
import { parseSize } from "../../oci/size.ts";

/** Bytes of a size; undefined for what is none, or more than numbers hold. */
export function bytesOf(text: string): number | undefined {
  const bytes = parseSize(text);
  return bytes !== undefined && Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** Nanoseconds of a duration without a sign; undefined for what is none. */
export const nanosecondsOf = (text: string): number | undefined =>
  /^[+-]/.test(text) ? undefined : parseDuration(text);

/** `1m30s`, `1.5s`, `100µs`, as Go prints a duration. */
export function durationText(value: number): string {
  if (value === 0) return "0s";
  for (const [unit, size] of [
    ["ns", 1],
    ["µs", 1e3],
    ["ms", 1e6],
  ] as const)
    if (value < 1000 * size) return `${decimal(value, size)}${unit}`;
  const minutes = Math.floor(value / 60e9);
  const hours = Math.floor(minutes / 60);
  const seconds = `${decimal(value - minutes * 60e9, 1e9)}s`;
  if (hours > 0) return `${hours}h${minutes % 60}m${seconds}`;
  return minutes > 0 ? `${minutes}m${seconds}` : seconds;
}

/** Exact, without an exponent. */
function decimal(value: number, unit: number): string {
  const whole = Math.floor(value / unit);
  const digits = Math.round(Math.log10(unit));
  const rest =
    digits === 0
      ? ""
      : String(value % unit)
          .padStart(digits, "0")
          .replace(/0+$/, "");
  return rest === "" ? String(whole) : `${whole}.${rest}`;
}

/** The shortest number that is the same in 32 bits, which is what docker compose v2 counts processors in. */
export function inSingle(value: number): number {
  const single = Math.fround(value);
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(single.toPrecision(digits));
    if (Math.fround(short) === single) return short;
  }
  return Number(single.toPrecision(9));
}
