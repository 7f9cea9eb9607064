import { InroError } from "../../oci/error.ts";

/** What a command of the OCI command line takes. */
export interface CommandSyntax {
  /** Flags without a value, by their long names. */
  readonly switches: readonly string[];
  /** Flags with a value. */
  readonly values: readonly string[];
  /** One-letter names. */
  readonly short: Readonly<Record<string, string>>;
}

export interface ParsedArguments {
  readonly flags: ReadonlySet<string>;
  readonly values: ReadonlyMap<string, string>;
  readonly operands: readonly string[];
}

/**
 * Flags up to the first operand, which callers of OCI runtimes write as `--flag value`, `--flag=value` or with one dash.
 * An unknown flag is an error: passing over it would set up another container than was asked for.
 */
export function parseArguments(words: readonly string[], syntax: CommandSyntax): ParsedArguments {
  const flags = new Set<string>();
  const values = new Map<string, string>();
  let at = 0;
  for (; at < words.length; at++) {
    const word = words[at] as string;
    if (word === "--") return { flags, values, operands: words.slice(at + 1) };
    if (!word.startsWith("-") || word === "-") break;
    const [given = "", inline] = splitOnce(word.replace(/^--?/, ""), "=");
    const name = syntax.short[given] ?? given;
    if (syntax.switches.includes(name)) {
      if (inline !== "false") flags.add(name);
    } else if (syntax.values.includes(name)) {
      const value = inline ?? words[++at];
      if (value === undefined) throw badFlag(word, "it needs a value");
      values.set(name, value);
    } else throw badFlag(word, "there is no such flag");
  }
  return { flags, values, operands: words.slice(at) };
}

function splitOnce(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function badFlag(flag: string, why: string): InroError {
  return new InroError("USAGE", {
    what: `cannot understand "${flag}"`,
    why,
    hint: "see inro-runtime --help",
  });
}
