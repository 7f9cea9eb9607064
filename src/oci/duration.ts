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
  for (const [, amount, unit = ""] of rest.matchAll(/([\d.]+)([a-zµμ]+)/g))
    sum += Number(amount) * (units[unit] ?? Number.NaN);
  const whole = Math.trunc(sign === "-" ? -sum : sum);
  return Number.isSafeInteger(whole) ? whole : undefined;
}
