/** Objects: a table of their members, in the order in which these are printed. */
import type { Node } from "../file/node.ts";
import { mappingOf } from "./collection.ts";
import { type Doc, docOf, type Form, sorted } from "./doc.ts";
import { inside, type Kind } from "./kind.ts";
import type { Extensions } from "./project.ts";
import { jsonOfNode } from "./scalar.ts";

type Members<T> = {
  readonly [K in keyof Required<Omit<T, "extensions">>]: Kind<Exclude<T[K], undefined>>;
};

/** An object whose members are these, printed in this order, `x-` members behind them. */
export function record<T extends object>(members: Members<T>): Kind<T> {
  const table = Object.entries(members) as unknown as readonly (readonly [string, Kind<unknown>])[];
  return {
    kept: true,
    read: (node, at) => {
      const { entries } = mappingOf(node, at);
      const read: Record<string, unknown> = {};
      for (const [key, kind] of table) {
        const entry = entries.get(key);
        if (entry !== undefined && !isNull(entry.value)) read[key] = kind.read(entry.value, inside(at, key));
      }
      const extensions = extensionsOf(node);
      return (extensions === undefined ? read : { ...read, extensions }) as T;
    },
    print: (value, form) => printMembers(table, value as Readonly<Record<string, unknown>>, form),
  };
}

const isNull = (node: Node) => node.kind === "scalar" && node.value === null;

export function extensionsOf(node: Node): Extensions | undefined {
  if (node.kind !== "mapping") return undefined;
  const own = [...node.entries].filter(([key]) => key.startsWith("x-"));
  if (own.length === 0) return undefined;
  return Object.fromEntries(own.map(([key, { value }]) => [key, jsonOfNode(value)]));
}

function printMembers(
  table: readonly (readonly [string, Kind<unknown>])[],
  value: Readonly<Record<string, unknown>>,
  form: Form,
): Doc {
  const printed = new Map<string, Doc>();
  for (const [key, kind] of table) {
    const name = form === "yaml" ? key : (kind.jsonName ?? key);
    const said = value[key] ?? undefined;
    const doc = said === undefined ? undefined : kind.print(said, form);
    const kept = kind.kept === true || (kind.kept === "not hashed" && form !== "hash");
    if (doc !== undefined && (kept || !isEmpty(doc))) printed.set(name, doc);
    else if (form !== "yaml" && kind.absent !== undefined) printed.set(name, kind.absent);
  }
  if (form === "yaml")
    for (const [key, doc] of sorted(
      Object.entries((value["extensions"] as Extensions | undefined) ?? {}).map(
        ([key, json]) => [key, docOf(json, form)] as const,
      ),
      form,
    ))
      printed.set(key, doc);
  return printed;
}

function isEmpty(doc: Doc): boolean {
  if (doc instanceof Map) return doc.size === 0;
  return Array.isArray(doc) ? doc.length === 0 : doc === false || doc === 0 || doc === "" || doc === null;
}
