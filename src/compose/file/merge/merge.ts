import { composeError, placeText } from "../error.ts";
import type { Entry, Mapping, Node } from "../node.ts";
import { type Branch, below } from "../path.ts";
import { RULES, type Rule } from "./rules.ts";
import { unique } from "./unique.ts";

/** Two documents as one, the later over the earlier (13-merge.md), without what is reset and with every list's items once. */
export const mergeDocuments = (base: Mapping | undefined, over: Mapping): Mapping =>
  unique(settled(base === undefined ? over : mergeMappings(base, over, RULES, "")));

/**
 * A service that extends another, which is settled (05-services.md, "Merging service definitions"). Its `!reset` and
 * `!override` stay in it: they are about earlier files, too.
 */
export const mergeServices = (base: Mapping, over: Mapping, name: string): Mapping =>
  mergeMappings(base, over, below(below(RULES, "services"), name), `services.${name}`);

/** The same without what is to be reset, and without tags. */
export function settled<N extends Node>(node: N): N {
  const { tag, ...plain } = node;
  const bare = (tag === undefined ? node : plain) as Node;
  if (bare.kind === "scalar") return bare as N;
  if (bare.kind === "sequence") {
    const items = bare.items.filter((item) => item.tag !== "reset").map(settled);
    return (
      items.length === bare.items.length && items.every((item, at) => item === bare.items[at])
        ? bare
        : { ...bare, items }
    ) as N;
  }
  let changed = false;
  const entries = new Map<string, Entry>();
  for (const [key, entry] of bare.entries) {
    if (entry.value.tag === "reset") {
      changed = true;
      continue;
    }
    const value = settled(entry.value);
    changed ||= value !== entry.value;
    entries.set(key, value === entry.value ? entry : { ...entry, value });
  }
  return (changed ? { ...bare, entries } : bare) as N;
}

function mergeMappings(
  base: Mapping,
  over: Mapping,
  branch: Branch<Rule> | undefined,
  path: string,
): Mapping {
  const entries = new Map(base.entries);
  for (const [key, entry] of over.entries) {
    const before = entries.get(key);
    const inner = path === "" ? key : `${path}.${key}`;
    const value =
      before === undefined ? entry.value : merged(before.value, entry.value, below(branch, key), inner);
    entries.set(key, { place: entry.place, value });
  }
  return { ...over, entries };
}

function merged(base: Node, over: Node, branch: Branch<Rule> | undefined, path: string): Node {
  const { replace, long, alike } = branch?.value ?? {};
  if (replace || over.tag !== undefined || isNull(base)) return over;
  // A key with nothing behind it says nothing of a mapping or a list.
  if (isNull(over)) return base.kind === "scalar" ? over : base;
  const lengthen = (node: Node, other: Node) =>
    long !== undefined && (long.always || other.kind !== node.kind) ? long.of(node) : node;
  const first = lengthen(base, over);
  const second = lengthen(over, base);
  if (first.kind === "mapping" && second.kind === "mapping")
    return alike === undefined || alike(first, second) ? mergeMappings(first, second, branch, path) : second;
  if (first.kind === "sequence" && second.kind === "sequence")
    return { ...second, items: [...first.items, ...second.items] };
  if (first.kind === "scalar" && second.kind === "scalar") return second;
  throw composeError(
    over.place,
    `cannot merge ${path}`,
    `it is ${KINDS[second.kind]} here and ${KINDS[first.kind]} at ${placeText(base.place)}`,
    "write both in one form, or put !override before the later",
  );
}

const KINDS = { scalar: "a single value", sequence: "a list", mapping: "a mapping" } as const;
const isNull = (node: Node): boolean => node.kind === "scalar" && node.value === null;
