import { invalid } from "../asked.ts";

const units: Readonly<Record<string, number>> = {
  "": 1,
  k: 2 ** 10,
  m: 2 ** 20,
  g: 2 ** 30,
  t: 2 ** 40,
  p: 2 ** 50,
};

/** Bytes of a size in the words of an option: `10m`, `20GiB`; at least 1. INVALID_OPTION names the field. */
export function sizeInWords(at: string, value: string): number {
  const match = /^(\d{1,12}(?:\.\d{1,6})?) ?(?:([kmgtp])(?:i?b)?|b)?$/i.exec(value);
  const size = Math.floor(Number(match?.[1]) * (units[match?.[2]?.toLowerCase() ?? ""] ?? 1));
  if (match === null || size < 1 || !Number.isSafeInteger(size))
    throw invalid(at, `"${value}" is no size such as 10m`);
  return size;
}
