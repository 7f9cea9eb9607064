import { nearest } from "../../../oci/nearest.ts";
import { composeError } from "../error.ts";
import { toJson } from "../json.ts";
import type { Entry, Mapping, Node, Scalar, Sequence } from "../node.ts";
import { COMPOSE_SCHEMA, resolved, type Schema, type Type } from "./schema.ts";
import { quoteHint, wanted } from "./wanted.ts";

/** Refuses what does not fit the specification's schema, by the first place where it does not: COMPOSE_INVALID. */
export const validate = (root: Mapping): void => fit(root, COMPOSE_SCHEMA, "");

function fit(node: Node, reference: Schema, path: string): void {
  const schema = alternative(node, resolved(reference));
  if (schema === undefined || !isOf(node, schema)) throw misfit(node, reference, path);
  if (node.kind === "mapping") fitMembers(node, schema, path);
  else if (node.kind === "sequence") fitItems(node, schema, path);
  else fitScalar(node, schema, path);
}

/** Of several schemas the one for values of its type: those of this document differ in that. */
function alternative(node: Node, schema: Schema): Schema | undefined {
  if (schema.oneOf === undefined) return schema;
  return schema.oneOf
    .map((one) => alternative(node, resolved(one)))
    .find((one) => one !== undefined && isOf(node, one));
}

export const typesOf = ({ type }: Schema): readonly Type[] =>
  type === undefined ? [] : typeof type === "string" ? [type] : type;

function isOf(node: Node, schema: Schema): boolean {
  const types = typesOf(schema);
  return types.length === 0 || types.some((type) => IS[type](node));
}

const scalarOf = (node: Node): Scalar["value"] | undefined =>
  node.kind === "scalar" ? node.value : undefined;

const IS: { readonly [T in Type]: (node: Node) => boolean } = {
  string: (node) => typeof scalarOf(node) === "string",
  number: (node) => Number.isFinite(scalarOf(node)),
  integer: (node) => Number.isInteger(scalarOf(node)),
  boolean: (node) => typeof scalarOf(node) === "boolean",
  null: (node) => scalarOf(node) === null,
  object: (node) => node.kind === "mapping",
  array: (node) => node.kind === "sequence",
};

function fitMembers(node: Mapping, schema: Schema, path: string): void {
  for (const [key, entry] of node.entries) {
    const inner = memberSchema(key, schema);
    if (inner !== undefined) fit(entry.value, inner, path === "" ? key : `${path}.${key}`);
    else if (schema.additionalProperties === false) throw unknownKey(key, entry, schema, path);
  }
  const missing = schema.required?.find((key) => !node.entries.has(key));
  if (missing !== undefined) throw composeError(node.place, `cannot use ${path}`, `it lacks \`${missing}\``);
}

function memberSchema(key: string, schema: Schema): Schema | undefined {
  const own = schema.properties;
  if (own !== undefined && Object.hasOwn(own, key)) return own[key];
  for (const [pattern, inner] of Object.entries(schema.patternProperties ?? {}))
    if (expression(pattern).test(key)) return inner;
  return undefined;
}

const EXPRESSIONS = new Map<string, RegExp>();
function expression(pattern: string): RegExp {
  const known = EXPRESSIONS.get(pattern);
  if (known !== undefined) return known;
  const made = new RegExp(pattern, "u");
  EXPRESSIONS.set(pattern, made);
  return made;
}

function unknownKey(key: string, { place }: Entry, schema: Schema, path: string): Error {
  const what = path === "" ? `cannot use \`${key}\`` : `cannot use \`${key}\` in ${path}`;
  const names = Object.keys(schema.properties ?? {});
  if (names.length === 0)
    return composeError(place, what, "a name has letters, digits, `.`, `_` and `-` alone");
  const meant = nearest(key, names);
  const hint = meant === undefined ? "what begins with x- is left alone" : `did you mean \`${meant}\`?`;
  return composeError(place, what, "there is no such key", hint);
}

function fitItems(node: Sequence, schema: Schema, path: string): void {
  const { items } = schema;
  if (items !== undefined)
    for (const [index, item] of node.items.entries()) fit(item, items, `${path}[${index}]`);
  if (!schema.uniqueItems) return;
  const seen = new Map<string, Node>();
  for (const item of node.items) {
    const said = JSON.stringify(toJson(item));
    if (seen.has(said)) throw composeError(item.place, `cannot use ${path}`, "it says the same twice");
    seen.set(said, item);
  }
}

function fitScalar(node: Scalar, schema: Schema, path: string): void {
  const { value } = node;
  const refuse = (why: string) => composeError(node.place, `cannot use "${value}" for ${path}`, why);
  if (typeof value === "string") {
    if (schema.enum !== undefined && !schema.enum.includes(value)) {
      const meant = nearest(value, schema.enum);
      throw refuse(
        `${oneOf(schema.enum)} is wanted${meant === undefined ? "" : ` (did you mean ${meant}?)`}`,
      );
    }
    if (schema.pattern !== undefined && !expression(schema.pattern).test(value))
      throw refuse(wantedPattern(path));
  }
  if (typeof value === "number" && (value < (schema.minimum ?? value) || value > (schema.maximum ?? value)))
    throw refuse(
      schema.maximum === undefined
        ? `at least ${schema.minimum} is wanted`
        : `${schema.minimum} to ${schema.maximum} is wanted`,
    );
}

const oneOf = (words: readonly string[]): string =>
  words.length < 2 ? (words[0] ?? "") : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;

const wantedPattern = (path: string): string =>
  path.endsWith(".pull_policy")
    ? "always, never, missing, if_not_present, build, refresh, daily, weekly or every_<time> is wanted"
    : "letters, digits, `_`, `.` and `-` are wanted, a letter or digit first";

const misfit = (node: Node, schema: Schema, path: string): Error =>
  composeError(
    node.place,
    path === "" ? "cannot use the file" : `cannot use ${path}`,
    wanted(node, schema),
    quoteHint(node, schema),
  );
