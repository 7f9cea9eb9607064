/**
 * Shapes of JSON documents: a border looks at a value once, and what is behind it never asks again. Unknown members are
 * left alone (spec.md: they are to be ignored), and a member that is null is taken away, which is what Go's encoders write
 * for nothing.
 */

import { isUint64 } from "./json.ts";
import { jsonPointer } from "./json-pointer.ts";

/** What is wrong, and where (RFC 6901). */
export interface Misfit {
  readonly at: string;
  readonly why: string;
}

/** The first misfit of a value, by a pointer relative to it: no pointer is written for what fits. */
export type Shape = (value: unknown) => Misfit | undefined;

const only = (fits: (value: unknown) => boolean, what: string): Shape => {
  const misfit: Misfit = { at: "", why: `it is not ${what}` };
  return (value) => (fits(value) ? undefined : misfit);
};

const below = (name: string | number, { at, why }: Misfit): Misfit => ({
  at: `${jsonPointer([name])}${at}`,
  why,
});

const NO_OBJECT: Misfit = { at: "", why: "it is not an object" };

/** The kernel takes no NUL in a text. */
export const text = only((value) => typeof value === "string" && !value.includes("\0"), "a text without NUL");
export const filled = only(
  (value) => typeof value === "string" && value !== "" && !value.includes("\0"),
  "a text with something in it",
);
export const flag = only((value) => typeof value === "boolean", "true or false");
export const anything: Shape = () => undefined;

export const integer = (least: number, most: number): Shape =>
  only(
    (value) => typeof value === "number" && Number.isInteger(value) && value >= least && value <= most,
    `a whole number from ${least} to ${most}`,
  );

export const uint16 = integer(0, 2 ** 16 - 1);
export const int32 = integer(-(2 ** 31), 2 ** 31 - 1);
export const uint32 = integer(0, 2 ** 32 - 1);
/** For sizes and times, where a rounded last digit means nothing. */
export const int64 = integer(-(2 ** 63), 2 ** 63);
export const uint64 = integer(0, 2 ** 64);
/** All 64 bits count: beyond 2⁵³ it is a bigint (oci/json.ts). */
export const exact64 = only(isUint64, "a whole number of 64 bits");

export const oneOf = (...words: readonly string[]): Shape =>
  only((value) => typeof value === "string" && words.includes(value), `one of ${words.join(", ")}`);

export const list =
  (of: Shape, least = 0): Shape =>
  (value) => {
    if (!Array.isArray(value)) return { at: "", why: "it is not a list" };
    if (value.length < least) return { at: "", why: "it is an empty list" };
    for (let index = 0; index < value.length; index++) {
      const misfit = of(value[index]);
      if (misfit !== undefined) return below(index, misfit);
    }
    return undefined;
  };

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Members of any name, as environment variables of a dictionary are. */
export const record =
  (of: Shape, name: Shape = text): Shape =>
  (value) => {
    if (!isObject(value)) return NO_OBJECT;
    for (const key of Object.keys(value)) {
      const misfit = name(key) ?? of(value[key]);
      if (misfit !== undefined) return below(key, misfit);
    }
    return undefined;
  };

type Members = Readonly<Record<string, Shape>>;

export const object = (required: Members, optional: Members = {}): Shape => {
  const members = [...Object.entries(required), ...Object.entries(optional)];
  const needed = Object.keys(required);
  return (value) => {
    if (!isObject(value)) return NO_OBJECT;
    for (const [name, shape] of members) {
      const member = value[name];
      if (member === undefined) continue;
      if (member === null) delete value[name];
      else {
        const misfit = shape(member);
        if (misfit !== undefined) return below(name, misfit);
      }
    }
    const missing = needed.find((name) => value[name] === undefined);
    return missing === undefined ? undefined : { at: `/${missing}`, why: "it is missing" };
  };
};

/** A text that a pattern describes in words. */
export const matching = (pattern: RegExp, what: string): Shape =>
  only((value) => typeof value === "string" && pattern.test(value), what);

/** Both hold. */
export const both =
  (first: Shape, second: Shape): Shape =>
  (value) =>
    first(value) ?? second(value);

/** One of two holds; else the misfit of the second is told. */
export const either =
  (first: Shape, second: Shape): Shape =>
  (value) =>
    first(value) === undefined ? undefined : second(value);
