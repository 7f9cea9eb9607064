/** What is to be printed: mappings keep the order in which their keys were put in, whatever those are. */
export type Doc = string | number | boolean | null | readonly Doc[] | ReadonlyMap<string, Doc>;

/**
 * JSON shows some members that YAML leaves out, and the other way round; both are what docker compose v2 shows. `hash`: the
 * JSON of which docker compose v2 takes a service's hash.
 */
export type Form = "yaml" | "json" | "hash";

/** As YAML's printers order keys for people: `a9` before `a10`, signs before digits before letters. */
function natural(a: string, b: string): number {
  const left = [...a];
  const right = [...b];
  let afterDigit = false;
  for (let at = 0; at < Math.min(left.length, right.length); at++) {
    const [x = "", y = ""] = [left[at], right[at]];
    if (x === y) {
      afterDigit = digit.test(x);
      continue;
    }
    const [xLetter, yLetter] = [letter.test(x), letter.test(y)];
    if (xLetter && yLetter) return bytewise(x, y);
    if (xLetter || yLetter) return xLetter === afterDigit ? -1 : 1;
    return numbers(left, right, at) || bytewise(x, y);
  }
  return left.length - right.length;
}

const digit = /^\p{Nd}$/u;
const letter = /^\p{L}$/u;

/** The numbers that stand at a place from which on two texts differ; their first digits may stand before it. */
function numbers(left: readonly string[], right: readonly string[], at: number): number {
  const within = (left[at] === "0" || right[at] === "0") && /[1-9]0*$/.test(left.slice(0, at).join(""));
  const read = (text: readonly string[]) => /^\d*/.exec(text.slice(at).join(""))?.[0] ?? "";
  const [x, y] = [read(left), read(right)];
  const value = (text: string) => Number(`${within ? "1" : "0"}${text}`);
  return value(x) - value(y) || x.length - y.length;
}

function bytewise(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

export const keyOrder: { readonly [F in Form]: (a: string, b: string) => number } = {
  yaml: natural,
  json: bytewise,
  hash: bytewise,
};

/** A mapping whose keys have no order of their own. */
export function sorted(entries: Iterable<readonly [string, Doc]>, form: Form): ReadonlyMap<string, Doc> {
  return new Map([...entries].sort(([a], [b]) => keyOrder[form](a, b)));
}

/** What a file has written freely: extensions, options. */
export function docOf(value: unknown, form: Form): Doc {
  if (Array.isArray(value)) return value.map((item) => docOf(item, form));
  if (typeof value === "object" && value !== null)
    return sorted(
      Object.entries(value).map(([key, item]) => [key, docOf(item, form)] as const),
      form,
    );
  return value as string | number | boolean | null;
}

/**
 * As Go's encoding/json writes it, which is what docker compose v2 hashes and prints: `&`, `<` and `>` are escaped.
 * @param indent how many spaces a level has; 0 for a single line
 */
export function jsonOf(doc: Doc, indent = 0): string {
  return write(doc, indent, "").replace(
    /[&<>\u2028\u2029]/g,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function write(doc: Doc, indent: number, margin: string): string {
  if (typeof doc !== "object" || doc === null) return JSON.stringify(doc);
  const inner = margin + " ".repeat(indent);
  const [open, close, parts] =
    doc instanceof Map
      ? [
          "{",
          "}",
          [...doc].map(
            ([key, value]) => `${JSON.stringify(key)}:${indent > 0 ? " " : ""}${write(value, indent, inner)}`,
          ),
        ]
      : ["[", "]", (doc as readonly Doc[]).map((item) => write(item, indent, inner))];
  if (parts.length === 0 || indent === 0) return `${open}${parts.join(",")}${close}`;
  return `${open}\n${inner}${parts.join(`,\n${inner}`)}\n${margin}${close}`;
}
