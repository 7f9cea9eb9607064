/** 12-interpolation.md: texts in which variables stand. */

/** Undefined: it is not set. */
export type Lookup = (name: string) => string | undefined;

/** What a template says and cannot be, without a place: whoever has the text knows where it stands. */
export class TemplateError extends Error {
  readonly hint: string | undefined;
  constructor(why: string, hint?: string) {
    super(why);
    this.hint = hint;
  }
}

const NAME = /[_a-zA-Z][_a-zA-Z0-9]*/y;
const OPERATORS = [":-", ":?", ":+", "-", "?", "+"] as const;
type Operator = (typeof OPERATORS)[number];

/** Characters. More than the kernel takes for a variable, and than any file needs in one place. */
const LARGEST = 1 << 20;
const DEEPEST = 100;

/**
 * The text with its variables replaced. A `$` that begins no variable stands for itself; `$$` always does.
 * `unset` hears of each that is not set and has no other value. Throws TemplateError.
 */
export function substitute(text: string, lookup: Lookup, unset: (name: string) => void, depth = 0): string {
  if (depth > DEEPEST) throw new TemplateError(`variables are nested more than ${DEEPEST} deep`);
  let result = "";
  let from = 0;
  for (let at = text.indexOf("$"); at >= 0; at = text.indexOf("$", from)) {
    result += text.slice(from, at);
    const next = text[at + 1];
    if (next === "$") {
      result += "$";
      from = at + 2;
    } else if (next === "{") {
      const end = closing(text, at + 1);
      result += braced(text.slice(at + 2, end), lookup, unset, depth);
      from = end + 1;
    } else {
      const name = nameAt(text, at + 1);
      result += name === "" ? "$" : value(name, lookup, unset);
      from = at + 1 + name.length;
    }
    if (result.length > LARGEST) throw new TemplateError("its text becomes larger than 1 MiB");
  }
  return result + text.slice(from);
}

function nameAt(text: string, at: number): string {
  NAME.lastIndex = at;
  return NAME.exec(text)?.[0] ?? "";
}

/** Where the brace that opens at `open` closes; those within it are in pairs. */
function closing(text: string, open: number): number {
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    if (text[at] === "{") depth++;
    else if (text[at] === "}" && --depth === 0) return at;
  }
  throw new TemplateError(
    `the brace of "${shown(text.slice(open - 1))}" is not closed`,
    "$$ stands for one $",
  );
}

/** One line of it, and not all of a long one. */
function shown(text: string): string {
  const [line = ""] = text.split("\n", 1);
  const short = line.slice(0, 40);
  return short === text ? text : `${short}…`;
}

function value(name: string, lookup: Lookup, unset: (name: string) => void): string {
  const found = lookup(name);
  if (found === undefined) unset(name);
  return found ?? "";
}

/** What stands between `${` and `}`. The word behind the operator is looked at only where it is taken. */
function braced(inner: string, lookup: Lookup, unset: (name: string) => void, depth: number): string {
  const name = nameAt(inner, 0);
  const rest = inner.slice(name.length);
  if (name !== "" && rest === "") return value(name, lookup, unset);
  const operator = OPERATORS.find((one) => rest.startsWith(one));
  if (name === "" || operator === undefined)
    throw new TemplateError(
      `"${shown(`\${${inner}}`)}" is no variable`,
      `\${NAME}, \${NAME:-default}, \${NAME:?message} and \${NAME:+other} are; $$ stands for one $`,
    );
  const word = () => substitute(rest.slice(operator.length), lookup, unset, depth + 1);
  const found = lookup(name);
  const there = operator.startsWith(":") ? found !== undefined && found !== "" : found !== undefined;
  const kind = operator.at(-1) as "-" | "?" | "+";
  if (kind === "+") return there ? word() : "";
  if (there) return found ?? "";
  if (kind === "-") return word();
  throw missing(name, operator, word());
}

function missing(name: string, operator: Operator, message: string): TemplateError {
  const lacks = operator === ":?" ? "is not set, or is empty" : "is not set";
  return new TemplateError(`the variable ${name} ${lacks}${message === "" ? "" : `: ${message}`}`);
}
