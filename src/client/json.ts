/** TypeScript's library does not know the third argument yet (ECMAScript, "JSON.parse source text access"). */
type Reviver = (key: string, value: unknown, context?: { readonly source?: string }) => unknown;

/** JSON with whole numbers that a number would round (times in nanoseconds) as bigint. */
export function parseJson(text: string): unknown {
  // Such a number has 16 digits or more; without one the plain parser is several times faster.
  if (!/[:[,]\s*-?\d{16}/.test(text)) return JSON.parse(text);
  // Node has the third argument since 21.
  const exact: Reviver = (_key, value, { source = "" } = {}) =>
    typeof value === "number" && !Number.isSafeInteger(value) && /^-?\d+$/.test(source)
      ? BigInt(source)
      : value;
  return JSON.parse(text, exact as (key: string, value: unknown) => unknown);
}

/** ECMAScript's JSON.rawJSON, which TypeScript's library does not know yet either. */
const { rawJSON } = JSON as unknown as { rawJSON: (text: string) => unknown };

/** The reverse; functions (methods that templates call) are left out. */
export function formatJson(value: unknown, indent?: number): string {
  const exact = (_key: string, part: unknown) => {
    if (typeof part === "bigint") return rawJSON(String(part));
    return typeof part === "function" ? undefined : part;
  };
  return JSON.stringify(value, exact, indent) ?? "null";
}
