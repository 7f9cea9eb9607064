const POWERS = "bkmgtp";

/** Bytes of a size as Docker reads it (`1.5g`, `300 MB`, `2kib`: all powers of 1024), or undefined when the text is none. */
export function parseSize(text: string): number | undefined {
  const [, amount, unit = ""] = /^(\d+(?:\.\d+)?) ?([bkmgtp]?)(?:i?b)?$/i.exec(text) ?? [];
  if (amount === undefined) return undefined;
  return Math.floor(Number(amount) * 1024 ** POWERS.indexOf(unit.toLowerCase() || "b"));
}
