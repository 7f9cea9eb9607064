import { InroError } from "../../oci/error.ts";

/** What a command of the OCI command line takes. */
export interface CommandSyntax {
  /** Flags without a value, by their long names. */
  readonly switches: readonly string[];
  /** Flags with a value. */
  readonly values: readonly string[];
  /** Flags with a value that may be given several times. */
  readonly lists: readonly string[];
  /** One-letter names. */
  readonly short: Readonly<Record<string, string>>;
}

export interface ParsedArguments {
  readonly flags: ReadonlySet<string>;
  readonly values: ReadonlyMap<string, string>;
  readonly lists: ReadonlyMap<string, readonly string[]>;
  readonly operands: readonly string[];
}

/**
 * Flags up to the first operand, which callers of OCI runtimes write as `--flag value`, `--flag=value` or with one dash.
 * An unknown flag is an error: passing over it would set up another container than was asked for.
 */
export function parseArguments(words: readonly string[], syntax: CommandSyntax): ParsedArguments {
  const flags = new Set<string>();
  const values = new Map<string, string>();
  const lists = new Map<string, string[]>();
  let at = 0;
  for (; at < words.length; at++) {
    const word = words[at] as string;
    if (word === "--") return { flags, values, lists, operands: words.slice(at + 1) };
    if (!word.startsWith("-") || word === "-") break;
    const [given = "", inline] = splitOnce(word.replace(/^--?/, ""), "=");
    const name = Object.hasOwn(syntax.short, given) ? (syntax.short[given] as string) : given;
    if (syntax.switches.includes(name)) {
      if (inline === undefined || truth(inline, word)) flags.add(name);
      else flags.delete(name);
      continue;
    }
    const repeated = syntax.lists.includes(name);
    if (!repeated && !syntax.values.includes(name)) throw badFlag(word, "there is no such flag");
    const value = inline ?? words[++at];
    if (value === undefined) throw badFlag(word, "it needs a value");
    if (repeated) lists.set(name, [...(lists.get(name) ?? []), value]);
    else values.set(name, value);
  }
  return { flags, values, lists, operands: words.slice(at) };
}

/** Go's strconv.ParseBool, which the callers of runc write by. */
export function truth(text: string, flag: string): boolean {
  if (/^(1|t|true)$/i.test(text)) return true;
  if (/^(0|f|false)$/i.test(text)) return false;
  throw badFlag(flag, "its value is neither true nor false");
}

/** A whole number in decimal digits. */
export function wholeNumber(text: string, flag: string): number {
  const value = Number(text);
  if (/^-?\d+$/.test(text) && Number.isSafeInteger(value)) return value;
  throw badFlag(`${flag} ${text}`, "its value is no whole number");
}

function splitOnce(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

export function badFlag(flag: string, why: string): InroError {
  return new InroError("USAGE", {
    what: `cannot understand "${flag}"`,
    why,
    hint: "see inro-runtime --help",
  });
}
