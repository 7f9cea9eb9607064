const units: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

/** Nanoseconds of a duration as Go reads it (`1m30s`, `.5h`, `-3ms`, `0`), or undefined when the text is none. */
export function parseDuration(text: string): number | undefined {
  const [, sign, rest = ""] = /^([+-]?)(.*)$/s.exec(text) ?? [];
  if (rest === "0") return 0;
  if (!/^(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/.test(rest)) return undefined;
  let sum = 0;
  // Go's time.ParseDuration: each number's digits are exact, and what is less than a nanosecond is dropped.
  for (const [, whole, fraction = "", unit = ""] of rest.matchAll(/(\d*)\.?(\d*)([a-zµμ]+)/g)) {
    const size = units[unit] ?? Number.NaN;
    sum += Number(whole) * size + Math.trunc(Number(fraction) * (size / 10 ** fraction.length));
  }
  const total = sign === "-" ? -sum : sum;
  return Number.isSafeInteger(total) ? total : undefined;
}
