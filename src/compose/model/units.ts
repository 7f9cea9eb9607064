/** Sizes and times as a Compose file writes them (11-extension.md) and as docker compose v2 prints them. */

const powers = "bkmgtp";

/** Bytes of `1.5g`, `300 MB` or `2kib`, all powers of 1024; undefined for what is no size. */
export function bytesOf(text: string): number | undefined {
  const [, amount, unit = ""] = /^(\d+(?:\.\d+)?) ?([bkmgtp]?)(?:i?b)?$/i.exec(text) ?? [];
  if (amount === undefined) return undefined;
  const bytes = Math.trunc(Number(amount) * 1024 ** Math.max(0, powers.indexOf(unit.toLowerCase())));
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

const nanoseconds: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

/** Nanoseconds of `1h5m30.5s`; undefined for what is no duration. */
export function nanosecondsOf(text: string): number | undefined {
  if (text === "0") return 0;
  if (!/^(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/.test(text)) return undefined;
  let sum = 0;
  for (const [, amount, unit = ""] of text.matchAll(/(\d+\.?\d*|\.\d+)([^\d.]+)/g))
    sum += Number(amount) * (nanoseconds[unit] ?? 0);
  return Number.isSafeInteger(Math.round(sum)) ? Math.round(sum) : undefined;
}

/** `1m30s`, `1.5s`, `100µs`, as Go prints a duration. */
export function durationText(value: number): string {
  if (value === 0) return "0s";
  for (const [unit, limit] of [
    ["ns", 1e3],
    ["µs", 1e6],
    ["ms", 1e9],
  ] as const)
    if (value < limit) return `${decimal(value, nanoseconds[unit] ?? 1)}${unit}`;
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
