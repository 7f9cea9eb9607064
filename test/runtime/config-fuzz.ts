/** Random damage to JSON documents, which can be had again from its seed. */

/** mulberry32 */
export function generator(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

type Random = ReturnType<typeof generator>;
type Container = Record<string, unknown> | unknown[];

const isContainer = (value: unknown): value is Container => typeof value === "object" && value !== null;

/** Values that a field does not expect, or at its edges. */
const WRONG: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1,
  1.5,
  2 ** 31,
  2 ** 32,
  -(2 ** 63),
  1e308,
  "",
  "x",
  "0",
  "/",
  "..",
  "../../etc",
  "a\0b",
  "\ud800",
  "x".repeat(300),
  [],
  {},
  [null],
  [[]],
  ["", "x"],
  { "": "" },
  { path: "/proc/self/ns/net" },
  "toString",
  "__proto__",
  { __proto__: null, constructor: "x" },
];

/** Every place of a document: who holds it, and under which name. */
function places(value: unknown, at = ""): { holder: Container; key: string; at: string }[] {
  if (!isContainer(value)) return [];
  return Object.keys(value).flatMap((key) => [
    { holder: value, key, at: `${at}/${key}` },
    ...places((value as Record<string, unknown>)[key], `${at}/${key}`),
  ]);
}

/** One to four changes: a value replaced, taken away, doubled, or put elsewhere. `keep`: pointers that are left alone. */
export function damaged(document: object, random: Random, keep: readonly string[] = []): object {
  const copy = structuredClone(document);
  for (let changes = 1 + random(4); changes > 0; changes--) {
    const all = places(copy).filter(({ at }) => !keep.some((kept) => `${kept}/`.startsWith(`${at}/`)));
    const place = all[random(all.length)];
    if (place === undefined) return copy;
    damage(place.holder as Record<string, unknown>, place.key, all, random);
  }
  return copy;
}

function damage(
  holder: Record<string, unknown>,
  key: string,
  all: readonly { holder: Container; key: string }[],
  random: Random,
): void {
  const kind = random(5);
  if (kind === 0) delete holder[key];
  else if (kind === 1 && Array.isArray(holder)) holder.push(structuredClone(holder[Number(key)]));
  else if (kind === 2) {
    const other = all[random(all.length)] as (typeof all)[number];
    holder[key] = structuredClone((other.holder as Record<string, unknown>)[other.key]);
  } else holder[key] = structuredClone(WRONG[random(WRONG.length)]);
}
