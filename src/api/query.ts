import type { Filters, WindowSize } from "../engine/engine.ts";
import { refuse } from "./status.ts";

/** Reads the parameters of a URL; each function is total: a value that is not one is a 400 that names the parameter. */
export type Query = URLSearchParams;

const wrong = (name: string, value: string, why: string) =>
  refuse(400, `cannot use ${JSON.stringify(value.slice(0, 200))} as parameter "${name}"`, why, name);

/** dockerd (httputils.BoolValue): everything but "", 0, no, false and none is true. */
export function flag(query: Query, name: string, otherwise = false): boolean {
  const value = query.get(name);
  if (value === null) return otherwise;
  return !["", "0", "no", "false", "none"].includes(value.trim().toLowerCase());
}

export function text(query: Query, name: string): string | null {
  const value = query.get(name);
  return value === null || value === "" ? null : value;
}

export function integer(query: Query, name: string): number | null {
  const value = text(query, name);
  if (value === null) return null;
  const number = Number(value);
  if (!/^-?\d+$/.test(value) || !Number.isSafeInteger(number)) {
    throw wrong(name, value, "it is not a whole number");
  }
  return number;
}

/** Docker's times: seconds since 1970 with up to nine decimals, or RFC 3339. Answers nanoseconds. */
export function time(query: Query, name: string): bigint | null {
  const value = text(query, name);
  if (value === null) return null;
  const unix = /^(\d{1,12})(?:\.(\d{1,9}))?$/.exec(value);
  if (unix !== null) return BigInt(unix[1] ?? "0") * 1_000_000_000n + BigInt((unix[2] ?? "").padEnd(9, "0"));
  const milliseconds = Date.parse(value);
  if (Number.isNaN(milliseconds)) {
    throw wrong(name, value, "a time is a number of seconds since 1970, or RFC 3339");
  }
  const decimals = (/\.(\d{1,9})/.exec(value)?.[1] ?? "").padEnd(9, "0");
  return BigInt(Math.floor(milliseconds / 1000)) * 1_000_000_000n + BigInt(decimals);
}

/** Both spellings are in use: {"label":["a=b"]} and, from old clients, {"label":{"a=b":true}}. */
export function filters(query: Query): Filters {
  const value = text(query, "filters");
  if (value === null) return {};
  const found = parseObject("filters", value);
  const read = Object.entries(found).map(([key, asked]) => {
    const values = Array.isArray(asked) ? asked : oldFilterValues(asked);
    if (values === null || !values.every((entry): entry is string => typeof entry === "string")) {
      throw wrong("filters", value, `"${key}" is not a list of texts`);
    }
    return [key, values] as const;
  });
  return Object.fromEntries(read);
}

function oldFilterValues(asked: unknown): string[] | null {
  if (asked === null || typeof asked !== "object") return null;
  return Object.entries(asked).flatMap(([entry, on]) => (on === true ? [entry] : []));
}

/** A JSON object of texts. */
export function texts(query: Query, name: string): Readonly<Record<string, string>> {
  const value = text(query, name);
  if (value === null) return {};
  const found: [string, unknown][] = Object.entries(parseObject(name, value));
  const read = found.map(([key, each]): [string, string] => {
    if (typeof each !== "string") throw wrong(name, value, `"${key}" is no text`);
    return [key, each];
  });
  return Object.fromEntries(read);
}

function parseObject(name: string, value: string): object {
  try {
    const found: unknown = JSON.parse(value);
    if (found !== null && typeof found === "object" && !Array.isArray(found)) return found;
  } catch {
    // Not JSON at all: the same answer as JSON of another shape.
  }
  throw wrong(name, value, "it is not a JSON object");
}

export function windowSize(query: Query): WindowSize {
  const rows = integer(query, "h") ?? 0;
  const columns = integer(query, "w") ?? 0;
  for (const [name, value] of [
    ["h", rows],
    ["w", columns],
  ] as const) {
    if (value < 0 || value > 0xffff) throw wrong(name, String(value), "a window has 0 to 65535 of them");
  }
  return { rows, columns };
}
