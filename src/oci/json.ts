import type { Uint64 } from "./runtime-spec.ts";

/** The specification's names for numbers of 64 bits whose every bit counts; sizes and the like may be rounded. */
const EXACT: ReadonlySet<string> = new Set([
  "soft",
  "hard",
  "value",
  "valueTwo",
  "runtime",
  "deadline",
  "period",
]);

/** Text in which a number beyond 2⁵³ could stand; only then each value has to be looked at. */
const LONG_NUMBER = /[0-9]{16}/;

/** ECMAScript's "JSON.parse source text access", which TypeScript's library does not know yet. */
type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;

/**
 * JSON.parse that rounds no number whose 64 bits count (rlimits, arguments of system calls): beyond 2⁵³ they are bigints.
 * Throws SyntaxError as JSON.parse does.
 */
export function parseExactJson(text: string): unknown {
  if (!LONG_NUMBER.test(text)) return JSON.parse(text);
  const exact: Reviver = (key, value, { source = "" }) =>
    typeof value === "number" && !Number.isSafeInteger(value) && EXACT.has(key) && /^-?[0-9]+$/.test(source)
      ? BigInt(source)
      : value;
  return JSON.parse(text, exact as Parameters<typeof JSON.parse>[1]);
}

interface RawJson {
  rawJSON(text: string): unknown;
}

/** JSON.stringify that writes bigints as the numbers that they are. They are rare: JSON.stringify refuses them first. */
export function exactJson(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch {
    return JSON.stringify(value, (_, each: unknown) =>
      typeof each === "bigint" ? (JSON as unknown as RawJson).rawJSON(String(each)) : each,
    );
  }
}

/** Whole and in range: what a field of 64 bits may hold. */
export const isUint64 = (value: unknown): value is Uint64 =>
  typeof value === "bigint"
    ? value >= 0n && value < 1n << 64n
    : Number.isSafeInteger(value) && (value as number) >= 0;
