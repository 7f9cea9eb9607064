/** A Unix time, a date, or how long ago: `10m`, `24h`. Milliseconds since 1970. */
export function moment(text: string): number {
  const ago = /^([0-9]+)(s|m|h)$/.exec(text);
  const unit = { s: 1000, m: 60_000, h: 3_600_000 }[ago?.[2] ?? ""] ?? 0;
  if (ago !== null) return Date.now() - Number(ago[1]) * unit;
  return /^[0-9]+$/.test(text) ? Number(text) * 1000 : Date.parse(text);
}
