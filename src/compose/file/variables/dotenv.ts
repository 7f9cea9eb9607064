import { composeError } from "../error.ts";
import type { Place } from "../node.ts";
import { readBytes, type Source, sourceOf } from "../yaml/source.ts";
import { type Lookup, substitute, TemplateError } from "./template.ts";

/** By name. Null: the file names the variable without a value (whoever reads it may have one). */
export type Variables = Map<string, string | null>;

export type Format = "compose" | "raw";

const ESCAPES: Readonly<Record<string, string>> = {
  n: "\n",
  r: "\r",
  t: "\t",
  "\\": "\\",
  '"': '"',
  "'": "'",
  $: "$",
};

export interface VariablesFile {
  readonly path: string;
  /** As messages tell it. */
  readonly name: string;
  readonly format?: Format;
}

/** Hears of a variable that is not set and has no other value, and of where it stands. */
export type Unset = (name: string, place: Place) => void;

/**
 * What a file of variables says (05-services.md, "Env_file format"). `lookup` knows the variables that stand in its
 * values and come before the file's own. With the format `raw` a line is a name and a value as it is, which is what
 * `run --env-file` reads. Errors: COMPOSE_NOT_FOUND, COMPOSE_INVALID with the place.
 */
export function readVariables(
  file: VariablesFile,
  lookup: Lookup,
  unset: Unset = () => undefined,
): Variables {
  const bytes = readBytes(file.path, file.name, "cannot read the file of variables");
  const source = sourceOf(file.name, bytes);
  return file.format === "raw" ? rawVariables(source) : new Reader(source, lookup, unset).variables();
}

function rawVariables(source: Source): Variables {
  const variables: Variables = new Map();
  source.lines.forEach((whole, index) => {
    const line = (index === 0 ? whole.replace(/^\uFEFF/, "") : whole).trimStart();
    if (line === "" || line.startsWith("#")) return;
    const equals = line.indexOf("=");
    const name = equals < 0 ? line : line.slice(0, equals);
    if (name === "" || /\s/.test(name))
      throw composeError(
        { file: source.name, line: index + 1, column: 1, lines: source.lines },
        "cannot read the variable",
        `"${line}" does not begin with a name`,
      );
    variables.set(name, equals < 0 ? null : line.slice(equals + 1));
  });
  return variables;
}

class Reader {
  readonly #text: string;
  readonly #source: Source;
  readonly #lookup: Lookup;
  readonly #unset: Unset;
  readonly #variables: Variables = new Map();
  #at = 0;

  constructor(source: Source, lookup: Lookup, unset: Unset) {
    this.#source = source;
    this.#unset = unset;
    this.#text = source.text;
    this.#lookup = (name) => lookup(name) ?? this.#variables.get(name) ?? undefined;
  }

  variables(): Variables {
    for (;;) {
      this.#skip(/[\s\uFEFF]*/y);
      if (this.#at >= this.#text.length) return this.#variables;
      if (this.#text[this.#at] === "#") this.#skip(/[^\r\n]*/y);
      else this.#variable();
    }
  }

  #skip(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? "";
    this.#at += found.length;
    return found;
  }

  #variable(): void {
    this.#skip(/export[ \t]+/y);
    const place = this.#source.at(this.#at);
    const name = this.#skip(/[^\s=:#"']+/y);
    this.#skip(/[ \t]*/y);
    const next = this.#text[this.#at];
    if (!/^[\p{L}\p{N}_.\-[\]]+$/u.test(name))
      throw composeError(
        place,
        "cannot read the variable",
        name === "" ? "it has no name" : `"${name}" is no name`,
        "each line is NAME=value",
      );
    if (next === "=" || next === ":") {
      this.#at++;
      this.#skip(/[ \t]*/y);
      this.#variables.set(name, this.#value(name, place));
      return;
    }
    if (next !== undefined && next !== "\n" && next !== "\r" && next !== "#")
      throw composeError(
        place,
        `cannot read the variable ${name}`,
        "a space stands in its name",
        "each line is NAME=value",
      );
    this.#skip(/[^\r\n]*/y);
    this.#variables.set(name, null);
  }

  #value(name: string, place: Place): string {
    const quote = this.#text[this.#at];
    if (quote !== '"' && quote !== "'") {
      const plain = this.#skip(/[^\r\n]*/y)
        .replace(/[ \t]#.*$/, "")
        .trimEnd();
      return this.#replaced(plain, name, place);
    }
    const inner = this.#quoted(quote, name);
    const after = this.#source.at(this.#at);
    if (!/^[ \t]*(#.*)?$/.test(this.#skip(/[^\r\n]*/y)))
      throw composeError(after, `cannot read the variable ${name}`, "something follows the closing quote");
    // Only a quote is escaped within single quotes.
    if (quote === "'") return inner.replaceAll("\\'", "'");
    const pieces = inner.split(/(\\[nrt\\"'$])/);
    const safe = pieces.map((piece, index) => (index % 2 === 0 ? piece : escaped(piece[1] ?? "")));
    return this.#replaced(safe.join(""), name, place);
  }

  /** What stands between the quotes, which may be several lines, its escapes as they are. */
  #quoted(quote: string, name: string): string {
    const open = this.#at;
    for (let at = open + 1; at < this.#text.length; at++) {
      if (this.#text[at] === "\\") at++;
      else if (this.#text[at] === quote) {
        this.#at = at + 1;
        return this.#text.slice(open + 1, at);
      }
    }
    throw composeError(this.#source.at(open), `cannot read the variable ${name}`, "its quote is not closed");
  }

  #replaced(text: string, name: string, place: Place): string {
    try {
      return substitute(text, this.#lookup, (variable) => this.#unset(variable, place));
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      throw composeError(place, `cannot replace the variables of ${name}`, error.message, error.hint);
    }
  }
}

/** A dollar that is escaped begins no variable. */
const escaped = (letter: string): string => (letter === "$" ? "$$" : (ESCAPES[letter] ?? letter));
