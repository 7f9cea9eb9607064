/**
 * Lists of processors and memory nodes as cpuset(7) writes them, "0-3,7", and as the kernel's masks: bit n of the bytes,
 * little endian, is number n.
 */

/** No machine has more: CONFIG_NR_CPUS ends at 8192. */
const LIMIT = 8192;

/** The mask of a list; undefined when it is not one. An empty list is an empty mask. */
export function parseNumberList(text: string): Uint8Array | undefined {
  const numbers: number[] = [];
  for (const part of text.split(",")) {
    if (part.trim() === "") continue;
    const [, first, last] = /^\s*(\d{1,5})(?:-(\d{1,5}))?\s*$/.exec(part) ?? [];
    if (first === undefined) return undefined;
    const [from, to] = [Number(first), Number(last ?? first)];
    if (from > to || to >= LIMIT) return undefined;
    for (let number = from; number <= to; number++) numbers.push(number);
  }
  if (numbers.length === 0) return new Uint8Array();
  // Whole longs, as the kernel's masks are.
  const mask = new Uint8Array((Math.floor(Math.max(...numbers) / 64) + 1) * 8);
  for (const number of numbers) mask[number >> 3] = (mask[number >> 3] as number) | (1 << (number & 7));
  return mask;
}

/** The list that a mask stands for: "0-3,7". */
export function listWord(mask: Uint8Array): string {
  const ranges: [number, number][] = [];
  for (let number = 0; number < mask.length * 8; number++) {
    if ((((mask[number >> 3] as number) >> (number & 7)) & 1) === 0) continue;
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === number - 1) last[1] = number;
    else ranges.push([number, number]);
  }
  return ranges.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(",");
}
