import type { Entry, Mapping, Node, Scalar, Sequence } from "../node.ts";
import { hostOf, pairOf } from "../short/pair.ts";

/** Long forms, for where a short one meets one that is long: what a merge needs, at the place of the short one. */

export const scalarAt = (node: Node, value: Scalar["value"]): Scalar => ({
  kind: "scalar",
  place: node.place,
  value,
});

export function mappingAt(node: Node, members: Iterable<readonly [string, Node]>): Mapping {
  const entries = new Map<string, Entry>();
  for (const [key, value] of members) entries.set(key, { place: value.place, value });
  return { kind: "mapping", place: node.place, entries };
}

export const itemText = (node: Node): string | undefined =>
  node.kind === "scalar" && node.value !== null ? String(node.value) : undefined;

/** `[A=1, B]` as `{A: "1", B: null}`. What is no text in it stays for the schema to refuse. */
export function pairsOf(list: Sequence): Mapping | Sequence {
  const members: [string, Node][] = [];
  for (const item of list.items) {
    const text = itemText(item);
    if (text === undefined) return list;
    const [key, value] = pairOf(text);
    members.push([key, scalarAt(item, value)]);
  }
  return mappingAt(list, members);
}

/** `["a:1", "a:2"]` as `{a: [1, 2]}`. */
export function hostsOf(list: Sequence): Mapping | Sequence {
  const hosts = new Map<string, Node[]>();
  for (const item of list.items) {
    const host = hostOf(itemText(item) ?? "");
    if (host === undefined) return list;
    const [name, address] = host;
    hosts.set(name, [...(hosts.get(name) ?? []), scalarAt(item, address)]);
  }
  return mappingAt(
    list,
    [...hosts].map(([name, items]) => [
      name,
      { kind: "sequence", place: items[0]?.place ?? list.place, items },
    ]),
  );
}

/** `[a, b]` as `{a: …, b: …}`. */
export const namesOf =
  (member: (item: Node) => Node) =>
  (list: Sequence): Mapping | Sequence => {
    const names = list.items.map(itemText);
    if (names.includes(undefined)) return list;
    return mappingAt(
      list,
      list.items.map((item, index) => [names[index] ?? "", member(item)]),
    );
  };

/** As depends_on's short form is meant (05-services.md). */
export const dependency = (item: Node): Mapping =>
  mappingAt(item, [
    ["condition", scalarAt(item, "service_started")],
    ["required", scalarAt(item, true)],
  ]);

export const listOf = (node: Node): Node =>
  node.kind === "scalar" && node.value !== null && node.tag === undefined
    ? { kind: "sequence", place: node.place, items: [node] }
    : node;
