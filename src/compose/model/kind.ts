/**
 * What values of a Compose file there are: how each is read out of its place, refused with that place where it is not
 * what it must be, and printed again. An object is a table of these, in the order in which its members are printed.
 */
import { composeError } from "../file/error.ts";
import type { Mapping, Node, Place } from "../file/node.ts";
import { pairOf } from "../file/short/pair.ts";
import { type Doc, docOf, type Form, sorted } from "./doc.ts";
import type { Environment, Extensions, Json, Texts } from "./project.ts";
import { bytesOf, durationText, inSingle, nanosecondsOf } from "./units.ts";

/** Where something is read, and what relative paths stand against. */
export interface At {
  /** `services.web.ports[0]`. */
  readonly path: string;
  /** Absolute. */
  readonly workingDir: string;
  /** The caller's. */
  readonly home: string | undefined;
  /** That relative paths become so. */
  readonly absolute: boolean;
  readonly warn: (text: string) => void;
}

export interface Kind<T> {
  /** Throws a composeError. */
  read(node: Node, at: At): T;
  print(value: T, form: Form): Doc;
  /** Printed even where it is `false`, 0 or empty, as the file has said so; docker compose v2 may hash it without. */
  readonly kept?: true | "not hashed";
  /** What a member that nobody has said is in JSON; nothing, where this is missing. */
  readonly absent?: Doc;
  /** The member's name in JSON, where it differs. */
  readonly jsonName?: string;
}

export const inside = (at: At, key: string | number): At => ({
  ...at,
  path: typeof key === "number" ? `${at.path}[${key}]` : at.path === "" ? key : `${at.path}.${key}`,
});

export function refuse(at: At, place: Place, why: string, hint?: string): never {
  throw composeError(place, at.path, why, hint);
}

/** A value, as it is said to people. */
export function shown(node: Node): string {
  if (node.kind === "mapping") return "a mapping";
  return node.kind === "sequence" ? "a list" : JSON.stringify(node.value);
}

export const as = (value: Doc): Doc => value;

/** What a single value is read by: undefined says that it is not one. */
export function scalar<T>(
  what: string,
  of: (value: string | number | boolean) => T | undefined,
  print: (value: T, form: Form) => Doc,
): Kind<T> {
  return {
    read: (node, at) => {
      const value = node.kind === "scalar" && node.value !== null ? of(node.value) : undefined;
      return value ?? refuse(at, node.place, `${shown(node)} is not ${what}`);
    },
    print,
  };
}

export const kept = <T>(kind: Kind<T>): Kind<T> => ({ ...kind, kept: true });

/** An object that JSON always shows, and YAML only where there is something in it. */
export function always<T>(kind: Kind<T>): Kind<T> {
  const { kept: _kept, ...rest } = kind;
  return { ...rest, absent: new Map() };
}

export const text: Kind<string> = {
  read: (node, at) => {
    if (node.kind === "scalar" && typeof node.value === "string") return node.value;
    const hint =
      node.kind === "scalar" && node.value !== null ? `write it in quotes: "${node.value}"` : undefined;
    return refuse(at, node.place, `${shown(node)} is not a text`, hint);
  },
  print: as,
};

/** A text that may be written as a number or as `true`, too. */
export const loose = scalar("a text", String, as);

/** A text of which only these are known. */
export function oneOf<const W extends string>(...words: readonly W[]): Kind<W> {
  return scalar(`one of ${words.join(", ")}`, (value) => words.find((word) => word === value), as);
}

export function matching(what: string, pattern: RegExp): Kind<string> {
  return scalar(what, (value) => (pattern.test(String(value)) ? String(value) : undefined), as);
}

const truths: Readonly<Record<string, boolean>> = {
  true: true,
  y: true,
  yes: true,
  on: true,
  false: false,
  n: false,
  no: false,
  off: false,
};

export const flag = scalar<boolean>(
  "true or false",
  (value) => (typeof value === "number" ? undefined : truths[String(value).toLowerCase()]),
  as,
);

function numberOf(value: string | number | boolean): number {
  if (typeof value === "number") return value;
  return typeof value === "string" && /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(value)
    ? Number(value)
    : Number.NaN;
}

export function integer(least = Number.MIN_SAFE_INTEGER, most = Number.MAX_SAFE_INTEGER): Kind<number> {
  const bounds =
    most < Number.MAX_SAFE_INTEGER
      ? ` from ${least} to ${most}`
      : least > Number.MIN_SAFE_INTEGER
        ? ` of at least ${least}`
        : "";
  return scalar(
    `a whole number${bounds}`,
    (value) => {
      const number = numberOf(value);
      return Number.isSafeInteger(number) && number >= least && number <= most ? number : undefined;
    },
    as,
  );
}

/** Processors, ratios: docker compose v2 keeps them in 32 bits. */
export const fraction = scalar<number>(
  "a number of at least 0",
  (value) => (numberOf(value) >= 0 ? numberOf(value) : undefined),
  (value) => inSingle(value),
);

const sizeOf = (value: string | number | boolean): number | undefined =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0
    ? value
    : typeof value === "string"
      ? bytesOf(value)
      : undefined;

/** Nothing is what nobody has said. */
const sizeText = (bytes: number): string => (bytes === 0 ? "" : String(bytes));

export const size = scalar<number>('a size, such as 512, "64m" or "1.5gb"', sizeOf, sizeText);

/** -1: as much as there is. */
export const sizeOrAll = scalar<number>(
  'a size, such as "64m" or "1gb", or -1 for as much as there is',
  (value) => (value === -1 || value === "-1" ? -1 : sizeOf(value)),
  sizeText,
);

export const duration = kept(
  scalar<number>(
    'a duration, such as "10s" or "1m30s"',
    (value) => (typeof value === "string" ? nanosecondsOf(value) : undefined),
    durationText,
  ),
);

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
      const found: Record<string, string | V> = {};
      node.items.forEach((item, index) => {
        const [key, after] = pairOf(loose.read(item, inside(at, index)));
        if (key === "") refuse(inside(at, index), item.place, `${shown(item)} has no name before its "="`);
        found[key] = after ?? bare;
      });
      return found;
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

/** What is kept as the file has it. */
export const anything: Kind<Json> = { read: (node) => jsonOfNode(node), print: docOf };

export function jsonOfNode(node: Node): Json {
  if (node.kind === "scalar") return node.value;
  if (node.kind === "sequence") return node.items.map(jsonOfNode);
  return Object.fromEntries([...node.entries].map(([key, { value }]) => [key, jsonOfNode(value)]));
}

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
