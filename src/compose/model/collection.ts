/** Lists and mappings whose keys the file chooses. */
import type { Mapping, Node } from "../file/node.ts";
import { pairOf } from "../file/short/pair.ts";
import { type Doc, sorted } from "./doc.ts";
import { type At, inside, type Kind, refuse, shown } from "./kind.ts";
import type { Environment, Texts } from "./project.ts";
import { loose } from "./scalar.ts";

export function list<T>(kind: Kind<T>): Kind<readonly T[]> {
  return {
    read: (node, at) =>
      node.kind === "sequence"
        ? node.items.map((item, index) => kind.read(item, inside(at, index)))
        : refuse(at, node.place, `${shown(node)} is not a list`),
    print: (values, form) => values.map((value) => kind.print(value, form)),
  };
}

/** A list that may be written as its only item. */
export function oneOrMore<T>(kind: Kind<T>): Kind<readonly T[]> {
  const many = list(kind);
  return {
    ...many,
    read: (node, at) => (node.kind === "scalar" ? [kind.read(node, at)] : many.read(node, at)),
  };
}

/** A list in which nothing stands twice. */
export function set(kind: Kind<string>): Kind<readonly string[]> {
  const many = list(kind);
  return { ...many, read: (node, at) => [...new Set(many.read(node, at))] };
}

export function mappingOf(node: Node, at: At): Mapping {
  return node.kind === "mapping" ? node : refuse(at, node.place, `${shown(node)} is not a mapping`);
}

/** A mapping whose keys the file chooses. */
export function dictionary<T>(kind: Kind<T>): Kind<Readonly<Record<string, T>>> {
  return {
    read: (node, at) =>
      Object.fromEntries(
        [...mappingOf(node, at).entries].map(([key, { value }]) => [key, kind.read(value, inside(at, key))]),
      ),
    print: (values, form) =>
      sorted(
        Object.entries(values).map(([key, value]) => [key, kind.print(value, form)] as const),
        form,
      ),
  };
}

/** `KEY=value` in a list, or a mapping. `bare`: what a key without a value has. */
function pairs<V>(bare: V): Kind<Readonly<Record<string, string | V>>> {
  const value: Kind<string | V> = {
    read: (node, at) => (node.kind === "scalar" && node.value === null ? bare : loose.read(node, at)),
    print: (written) => written as Doc,
  };
  const mapped = dictionary(value);
  return {
    ...mapped,
    read: (node, at) => {
      if (node.kind !== "sequence") return mapped.read(node, at);
      const found = new Map<string, string | V>();
      node.items.forEach((item, index) => {
        const [key, after] = pairOf(loose.read(item, inside(at, index)));
        if (key === "") refuse(inside(at, index), item.place, `${shown(item)} has no name before its "="`);
        found.set(key, after ?? bare);
      });
      return Object.fromEntries(found);
    },
  };
}

export const texts: Kind<Texts> = pairs("");
export const environment: Kind<Environment> = pairs(null);
export const options: Kind<Texts> = {
  ...dictionary(loose),
  read: (node, at) =>
    Object.fromEntries(
      [...mappingOf(node, at).entries].map(([key, { value }]) => [
        key,
        value.kind === "scalar" && value.value === null ? "" : loose.read(value, inside(at, key)),
      ]),
    ),
};
