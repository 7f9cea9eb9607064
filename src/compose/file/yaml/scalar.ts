import type { Scalar } from "../node.ts";

const NULLS = new Set(["", "~", "null", "Null", "NULL"]);
const TRUES = new Set(["true", "True", "TRUE"]);
const FALSES = new Set(["false", "False", "FALSE"]);
const INFINITIES = new Set([".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"]);

/** Go's yaml.v3 (resolve.go): a sign, a prefix for the base, digits; underscores count nothing; a leading 0 is octal. */
const WHOLE = /^([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|([1-9][0-9]*|0))$/;
const FRACTION = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;

/**
 * What a plain scalar says. `yes` and `on` are texts (what wants a boolean takes them: cast.ts), `22:22` is one, and
 * so is a date. A whole number that a double cannot hold is the text of its
 * digits, and one with a fraction that is too large is the text that it is.
 */
export function plainValue(source: string): Scalar["value"] {
  if (NULLS.has(source)) return null;
  if (TRUES.has(source)) return true;
  if (FALSES.has(source)) return false;
  const first = source.charCodeAt(0);
  // No number begins otherwise than with a digit, a sign or a dot.
  if (!((first >= 48 && first <= 57) || first === 43 || first === 45 || first === 46)) return source;
  if (INFINITIES.has(source)) return Number.POSITIVE_INFINITY;
  if (source.startsWith("-.") && INFINITIES.has(source.slice(1))) return Number.NEGATIVE_INFINITY;
  const bare = source.replaceAll("_", "");
  const whole = wholeNumber(bare);
  if (whole !== undefined || !FRACTION.test(bare)) return whole ?? source;
  return Number.isFinite(Number(bare)) ? Number(bare) : source;
}

function wholeNumber(text: string): number | string | undefined {
  const match = WHOLE.exec(text);
  if (match === null) return undefined;
  const [, sign, hexadecimal, binary, octal, decimal = "0"] = match;
  const digits = hexadecimal ? `0x${hexadecimal}` : binary ? `0b${binary}` : octal ? `0o${octal}` : decimal;
  const size = Number(digits);
  if (Number.isSafeInteger(size)) return sign === "-" && size !== 0 ? -size : size;
  return `${sign === "-" ? "-" : ""}${BigInt(digits)}`;
}
