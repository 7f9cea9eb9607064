import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Pair,
  type Scalar as RawScalar,
  type YAMLMap,
} from "yaml";
import { nearest } from "../../../oci/nearest.ts";
import { MOST_VALUES } from "../bound.ts";
import { composeError, placeText } from "../error.ts";
import type { Entry, Mapping, Node, Place, Scalar } from "../node.ts";
import { plainValue } from "./scalar.ts";
import type { Source } from "./source.ts";

const PREFIX = "tag:yaml.org,2002:";
/** Deeper than a Compose file ever is, so that whoever walks it may recurse. */
const DEEPEST = 64;
/** A document's values with their places. Aliases share what they stand for: it is never copied. */
export function convert(document: Document.Parsed, source: Source): Node {
  return new Converter(source).node(document.contents, source.at(0));
}

interface Size {
  /** How many values it is, aliases written out. */
  readonly count: number;
  readonly depth: number;
}

class Converter {
  readonly #source: Source;
  /** Undefined: it is being read. */
  readonly #anchors = new Map<string, Node | undefined>();
  readonly #sizes = new WeakMap<Node, Size>();

  constructor(source: Source) {
    this.#source = source;
  }

  /** `outer`: the place of what is not written. */
  node(raw: unknown, outer: Place): Node {
    const place = this.#at(raw, outer);
    if (isAlias(raw)) return this.#alias(raw.source, place);
    const anchor = isMap(raw) || isSeq(raw) || isScalar(raw) ? raw.anchor : undefined;
    if (anchor !== undefined) this.#anchors.set(anchor, undefined);
    const node = this.#value(raw, place);
    if (anchor !== undefined) this.#anchors.set(anchor, node);
    return node;
  }

  #value(raw: unknown, place: Place): Node {
    if (isMap(raw)) {
      const entries = this.#entries(raw, place);
      const values = [...entries.values()].map(({ value }) => value);
      return this.#sized({ kind: "mapping", place, entries, ...tagOf(raw.tag, place) }, values);
    }
    if (isSeq(raw)) {
      const items = raw.items.map((item) => this.node(item, place));
      return this.#sized({ kind: "sequence", place, items, ...tagOf(raw.tag, place) }, items);
    }
    return this.#sized(isScalar(raw) ? scalarOf(raw, place) : { kind: "scalar", place, value: null }, []);
  }

  /** Members, those of `<<` (yaml.org/type/merge.html) last: what is written here, or merged earlier, stands. */
  #entries(map: YAMLMap, place: Place): Map<string, Entry> {
    const entries = new Map<string, Entry>();
    const merged: { readonly place: Place; readonly node: Node }[] = [];
    let mergedAt: Place | undefined;
    for (const pair of map.items as Pair[]) {
      const at = this.#at(pair.key, place);
      const value = this.node(pair.value, at);
      if (isScalar(pair.key) && pair.key.value === "<<" && pair.key.type === "PLAIN") {
        if (mergedAt !== undefined) throw twice("<<", at, mergedAt);
        mergedAt = at;
        merged.push({ place: at, node: value });
        continue;
      }
      const key = this.#key(pair.key, at);
      const before = entries.get(key);
      if (before !== undefined) throw twice(key, at, before.place);
      entries.set(key, { place: at, value });
    }
    for (const { place: at, node } of merged)
      for (const mapping of mappingsOf(node, at))
        for (const [key, entry] of mapping.entries) if (!entries.has(key)) entries.set(key, entry);
    return entries;
  }

  #key(raw: unknown, place: Place): string {
    const alias = isAlias(raw) ? this.#alias(raw.source, place) : undefined;
    if (alias?.kind === "scalar" && alias.value !== null) return String(alias.value);
    if (isScalar(raw) && (raw.type !== "PLAIN" || plainValue(String(raw.value)) !== null))
      return String(raw.value);
    throw composeError(place, "cannot use the key", "it is not a text");
  }

  #alias(name: string, place: Place): Node {
    const node = this.#anchors.get(name);
    if (node !== undefined) return node;
    if (this.#anchors.has(name))
      throw composeError(place, `cannot use the alias *${name}`, "it stands within what it stands for");
    throw composeError(place, `cannot use the alias *${name}`, `no anchor &${name} stands before it`);
  }

  /** Texts count by their length, too. */
  #sized<N extends Node>(node: N, parts: readonly Node[]): N {
    let count = node.kind === "scalar" && typeof node.value === "string" ? 1 + (node.value.length >> 8) : 1;
    let depth = 0;
    for (const part of parts) {
      const size = this.#sizes.get(part);
      count += size?.count ?? 0;
      depth = Math.max(depth, 1 + (size?.depth ?? 0));
    }
    const refuse = (why: string) => composeError(node.place, "cannot read the file", why);
    if (depth > DEEPEST) throw refuse(`its values are nested more than ${DEEPEST} deep`);
    if (count > MOST_VALUES)
      throw refuse(`with its aliases written out it has more than ${MOST_VALUES} values`);
    this.#sizes.set(node, { count, depth });
    return node;
  }

  #at(raw: unknown, otherwise: Place): Place {
    const range = (raw as { range?: readonly number[] | null } | null)?.range;
    return range?.[0] === undefined ? otherwise : this.#source.at(range[0]);
  }
}

function mappingsOf(node: Node, place: Place): readonly Mapping[] {
  const nodes = node.kind === "sequence" ? node.items : [node];
  return nodes.map((one) => {
    if (one.kind === "mapping") return one;
    throw composeError(place, "cannot merge by <<", "a mapping is wanted, or a list of mappings");
  });
}

const twice = (key: string, place: Place, before: Place): Error =>
  composeError(place, `"${key}" is said twice`, `it stands at ${placeText(before)} already`);

function scalarOf(raw: RawScalar, place: Place): Scalar {
  const text = String(raw.value ?? "");
  const marks = tagOf(raw.tag, place);
  const said = raw.tag !== `${PREFIX}str` && (raw.type === "PLAIN" || TYPED.has(raw.tag ?? ""));
  return { kind: "scalar", place, value: said ? plainValue(text) : text, ...marks };
}

/** Those whose text says a value of another type. */
const TYPED: ReadonlySet<string> = new Set(["int", "float", "bool", "null"].map((name) => PREFIX + name));

/** Tags that others use on what they read themselves count nothing; one of ours that is mistyped is told. */
function tagOf(tag: string | undefined, place: Place): { tag?: "reset" | "override" } {
  if (tag === "!reset") return { tag: "reset" };
  if (tag === "!override") return { tag: "override" };
  const meant = tag === undefined ? undefined : nearest(tag, ["!reset", "!override"]);
  if (meant !== undefined) throw composeError(place, `cannot use the tag ${tag}`, `did you mean ${meant}?`);
  return {};
}
