import { formatJson } from "../../client/json.ts";
import { printf } from "./printf.ts";
import { TemplateError } from "./template-error.ts";
import { isRecord, printed, truth, type Value } from "./value.ts";

type Function = (...args: Value[]) => Value;

const text = (value: Value): string => (typeof value === "string" ? value : printed(value));

/** Docker's own functions (docker/cli, templates) and those of text/template. `and` and `or` are the executor's. */
export const functions: Readonly<Record<string, Function>> = {
  json: (value) => formatJson(value),
  join: (list, separator) => {
    if (!Array.isArray(list)) throw new TemplateError("join wants a list and a separator");
    return list.map(text).join(text(separator));
  },
  split: (value, separator) => text(value).split(text(separator)),
  lower: (value) => text(value).toLowerCase(),
  upper: (value) => text(value).toUpperCase(),
  title: (value) => text(value).replace(/(^|\s)(\p{Ll})/gu, (all) => all.toUpperCase()),
  pad: (value, before, after) => {
    const inner = text(value);
    return inner === "" ? "" : " ".repeat(Number(before)) + inner + " ".repeat(Number(after));
  },
  truncate: (value, length) => [...text(value)].slice(0, Number(length)).join(""),
  println: (...values) => `${values.map(printed).join(" ")}\n`,
  print: (...values) =>
    values.reduce<string>((all, value, at) => {
      // Go puts a space between two operands of which neither is a text.
      const space = at > 0 && typeof value !== "string" && typeof values[at - 1] !== "string" ? " " : "";
      return all + space + printed(value);
    }, ""),
  printf: (format, ...values) => printf(text(format), values),
  not: (value) => !truth(value),
  len: (value) => {
    if (typeof value === "string") return Buffer.byteLength(value);
    if (Array.isArray(value)) return value.length;
    if (isRecord(value)) return Object.keys(value).length;
    throw new TemplateError(`len of ${printed(value)} is not defined`);
  },
  index: (value, ...keys) => keys.reduce(item, value),
  slice: (value, from, to) => {
    if (typeof value !== "string" && !Array.isArray(value))
      throw new TemplateError("slice wants a text or a list");
    const [start, end] = [Number(from ?? 0), Number(to ?? value.length)];
    if (!(start >= 0 && start <= end && end <= value.length))
      throw new TemplateError(`slice ${start}:${end} is out of range of ${value.length}`);
    return value.slice(start, end);
  },
  eq: (first, ...others) => others.some((other) => equal(first, other)),
  ne: (a, b) => !equal(a, b),
  lt: (a, b) => compare(a, b) < 0,
  le: (a, b) => compare(a, b) <= 0,
  gt: (a, b) => compare(a, b) > 0,
  ge: (a, b) => compare(a, b) >= 0,
  html: (value) => text(value).replace(/[<>&'"]/g, (letter) => `&#${letter.charCodeAt(0)};`),
  urlquery: (value) => encodeURIComponent(text(value)).replaceAll("%20", "+"),
};

/** A key that a record does not have is empty, as in Go's map[string]string: labels are asked for like this. */
function item(value: Value, key: Value): Value {
  if (Array.isArray(value) || typeof value === "string") {
    const at = Number(key);
    if (!Number.isInteger(at) || at < 0 || at >= value.length)
      throw new TemplateError(`index ${printed(key)} is out of range of ${value.length}`);
    return value[at];
  }
  if (isRecord(value)) return Object.hasOwn(value, text(key)) ? value[text(key)] : "";
  if (value === null || value === undefined) return "";
  throw new TemplateError(`index of ${printed(value)} is not defined`);
}

function equal(a: Value, b: Value): boolean {
  return (a ?? null) === (b ?? null);
}

function compare(a: Value, b: Value): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a === "string" && typeof b === "string") return a < b ? -1 : a > b ? 1 : 0;
  throw new TemplateError(`${printed(a)} and ${printed(b)} cannot be compared`);
}
