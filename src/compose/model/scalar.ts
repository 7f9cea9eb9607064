/** Single values: texts, truths, numbers, sizes, durations, and what is kept as it is. */
import type { Node } from "../file/node.ts";
import { type Doc, docOf, type Form } from "./doc.ts";
import { type Kind, kept, refuse, shown } from "./kind.ts";
import type { Json } from "./project.ts";
import { bytesOf, durationText, inSingle, nanosecondsOf } from "./units.ts";

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

/** What is kept as the file has it. */
export const anything: Kind<Json> = { read: (node) => jsonOfNode(node), print: docOf };

export function jsonOfNode(node: Node): Json {
  if (node.kind === "scalar") return node.value;
  if (node.kind === "sequence") return node.items.map(jsonOfNode);
  return Object.fromEntries([...node.entries].map(([key, { value }]) => [key, jsonOfNode(value)]));
}
