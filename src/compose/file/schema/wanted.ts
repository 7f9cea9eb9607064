import type { Node } from "../node.ts";
import { resolved, type Schema, type Type } from "./schema.ts";

const WORDS: { readonly [T in Type]: string } = {
  string: "a text",
  number: "a number",
  integer: "a whole number",
  boolean: "true or false",
  null: "nothing",
  object: "a mapping",
  array: "a list",
};

/** What stands there, and what a schema wants instead, in one sentence. */
export const wanted = (node: Node, schema: Schema): string =>
  `it is ${said(node)}, and ${words(schema)} is wanted`;

function said(node: Node): string {
  if (node.kind === "mapping") return "a mapping";
  if (node.kind === "sequence") return "a list";
  if (node.value === null) return "empty";
  if (typeof node.value === "string")
    return `the text "${node.value.length > 40 ? `${node.value.slice(0, 40)}…` : node.value}"`;
  if (typeof node.value === "boolean") return `${node.value}`;
  return Number.isFinite(node.value) ? `the number ${node.value}` : "infinite";
}

/** Of a number or a boolean where only a text will do. */
export function quoteHint(node: Node, schema: Schema): string | undefined {
  if (node.kind !== "scalar" || node.value === null || typeof node.value === "string") return undefined;
  const types = alternatives(resolved(schema)).flatMap(({ type }) => type ?? []);
  const others: readonly Type[] = ["number", "integer", "boolean"];
  return types.includes("string") && !others.some((type) => types.includes(type))
    ? "put it in quotes"
    : undefined;
}

/** The alternatives' types, each once; a list says of what. */
function words(schema: Schema): string {
  const said = new Set(alternatives(resolved(schema)).flatMap(each));
  const all = [...said].sort((one, other) => Number(one === WORDS.null) - Number(other === WORDS.null));
  return all.length < 2 ? (all[0] ?? "something else") : `${all.slice(0, -1).join(", ")} or ${all.at(-1)}`;
}

const alternatives = (schema: Schema): readonly Schema[] =>
  schema.oneOf === undefined ? [schema] : schema.oneOf.flatMap((one) => alternatives(resolved(one)));

function each({ type, items }: Schema): readonly string[] {
  const types = type === undefined ? [] : typeof type === "string" ? [type] : type;
  return types.map((one) => {
    const inner = one === "array" && items !== undefined ? alternatives(resolved(items)) : [];
    const only = inner.length === 1 ? inner[0] : undefined;
    if (only?.type === "string") return "a list of texts";
    return only?.type === "object" ? "a list of mappings" : WORDS[one];
  });
}
