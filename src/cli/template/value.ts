import { nearest } from "../../oci/nearest.ts";
import { TemplateError } from "./template-error.ts";

/** What templates work on: JSON, and methods of the things that lists show (`{{.Label "x"}}`). */
export type Value = unknown;

type Method = (...args: Value[]) => Value;

export const isRecord = (value: Value): value is Readonly<Record<string, Value>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Go's truth: false, 0, nil and what is empty are false. */
export function truth(value: Value): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (isRecord(value)) return Object.keys(value).length > 0;
  return Boolean(value);
}

/**
 * A field of a record. Docker's Go structures and its JSON spell some names differently (`.ID`, `.Id`), so a name
 * that fits but for its case is found too. `lenient`: in a condition a missing field is nil.
 */
export function field(value: Value, name: string, args: readonly Value[], lenient: boolean): Value {
  if (value === null || value === undefined) {
    if (lenient) return null;
    throw new TemplateError(`there is no ".${name}" in nothing (the value before it is missing)`);
  }
  if (!isRecord(value)) throw new TemplateError(`there is no ".${name}" in ${describe(value)}`);
  const key = Object.hasOwn(value, name) ? name : sameBut(value, name);
  if (key === undefined) {
    if (lenient) return null;
    const near = nearest(name, Object.keys(value));
    throw new TemplateError(
      `there is no field ".${name}"${near === undefined ? "" : `: did you mean ".${near}"?`}`,
    );
  }
  const found = value[key];
  if (typeof found === "function") return (found as Method)(...args);
  if (args.length > 0) throw new TemplateError(`".${name}" is a value and takes no arguments`);
  return found;
}

function sameBut(value: Readonly<Record<string, Value>>, name: string): string | undefined {
  const lower = name.toLowerCase();
  return Object.keys(value).find((key) => key.toLowerCase() === lower);
}

function describe(value: Value): string {
  if (Array.isArray(value)) return "a list (use range or index)";
  return `the ${typeof value === "string" ? "text" : typeof value} ${JSON.stringify(value)}`;
}

/** As Go's fmt prints with %v: lists in brackets, records as `map[a:1 b:2]`. */
export function printed(value: Value): string {
  if (value === null || value === undefined) return "<nil>";
  if (Array.isArray(value)) return `[${value.map(printed).join(" ")}]`;
  if (isRecord(value)) {
    const entries = Object.keys(value).sort();
    return `map[${entries.map((key) => `${key}:${printed(value[key])}`).join(" ")}]`;
  }
  return String(value);
}
