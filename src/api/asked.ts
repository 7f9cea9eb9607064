import { InroError } from "../oci/error.ts";

/**
 * Total readers of a request's JSON. As dockerd (Go's encoding/json) does: an unknown field is ignored, null is the
 * same as absent, a field's name is matched whatever its case. A value of the wrong type is a 400 that names it.
 */
export interface Asked {
  readonly fields: Readonly<Record<string, unknown>>;
  /** The name of this object within the body, with a dot at its end; empty for the body itself. */
  readonly at: string;
}

export function invalid(at: string, why: string): InroError {
  return new InroError("INVALID_OPTION", { what: `cannot use the request's "${at}"`, why, at });
}

export function asked(value: unknown, at = ""): Asked {
  if (value === null || value === undefined) return { fields: {}, at };
  if (typeof value !== "object" || Array.isArray(value)) {
    throw invalid(at === "" ? "body" : at.slice(0, -1), "it is not a JSON object");
  }
  return { fields: value as Record<string, unknown>, at };
}

/** The field's value, `undefined` when it is absent or null. */
export function field(from: Asked, name: string): unknown {
  let value = from.fields[name];
  if (value === undefined && !Object.hasOwn(from.fields, name)) {
    const lower = name.toLowerCase();
    const other = Object.keys(from.fields).find((key) => key.toLowerCase() === lower);
    if (other !== undefined) value = from.fields[other];
  }
  return value ?? undefined;
}

export function text(from: Asked, name: string): string {
  const value = field(from, name);
  if (value === undefined) return "";
  if (typeof value !== "string") throw invalid(from.at + name, "it is not a text");
  if (value.includes("\0")) throw invalid(from.at + name, "it holds a NUL character");
  return value;
}

/** `null` for an empty text as well: Go clients send one for "not asked for". */
export function textOrNull(from: Asked, name: string): string | null {
  const value = text(from, name);
  return value === "" ? null : value;
}

export function flag(from: Asked, name: string): boolean {
  return flagOrNull(from, name) ?? false;
}

export function flagOrNull(from: Asked, name: string): boolean | null {
  const value = field(from, name);
  if (value === undefined) return null;
  if (typeof value !== "boolean") throw invalid(from.at + name, "it is neither true nor false");
  return value;
}

export function integer(from: Asked, name: string): number {
  return integerOrNull(from, name) ?? 0;
}

export function integerOrNull(from: Asked, name: string): number | null {
  const value = field(from, name);
  if (value === undefined) return null;
  // The API's integers are 64 bits wide; only a request for "unlimited" (2⁶³-1) is beyond what a number holds.
  if (typeof value !== "number" || !Number.isInteger(value)) {
    throw invalid(from.at + name, "it is not a whole number");
  }
  return Math.min(Math.max(value, Number.MIN_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);
}

export function list(from: Asked, name: string): readonly unknown[] {
  const value = field(from, name);
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw invalid(from.at + name, "it is not a list");
  return value;
}

/** `null` when the field is absent, which differs from an empty list. */
export function textsOrNull(from: Asked, name: string): readonly string[] | null {
  if (field(from, name) === undefined) return null;
  return list(from, name).map((entry, index) => {
    if (typeof entry !== "string") throw invalid(`${from.at}${name}[${index}]`, "it is not a text");
    if (entry.includes("\0")) throw invalid(`${from.at}${name}[${index}]`, "it holds a NUL character");
    return entry;
  });
}

export function texts(from: Asked, name: string): readonly string[] {
  return textsOrNull(from, name) ?? [];
}

/** Command lines may be one text or a list of them (moby, strslice). */
export function words(from: Asked, name: string): readonly string[] | null {
  return typeof field(from, name) === "string" ? [text(from, name)] : textsOrNull(from, name);
}

export function object(from: Asked, name: string): Asked {
  return asked(field(from, name), `${from.at}${name}.`);
}

export function objects(from: Asked, name: string): readonly Asked[] {
  return list(from, name).map((entry, index) => asked(entry, `${from.at}${name}[${index}].`));
}

/** The keys of an object that is used as a set: {"80/tcp": {}}. */
export function keys(from: Asked, name: string): readonly string[] {
  return Object.keys(object(from, name).fields);
}

export function textRecord(from: Asked, name: string): Readonly<Record<string, string>> {
  const found = object(from, name);
  return Object.fromEntries(Object.keys(found.fields).map((key) => [key, text(found, key)]));
}
