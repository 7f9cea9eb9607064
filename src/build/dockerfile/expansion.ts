import { parseGlob, replaced, withoutPrefix, withoutSuffix } from "./glob.ts";
import { isBlank } from "./lines.ts";

/** A variable's value where a word stands; undefined where it is not set. `hasAnswer`: the word says what then. */
export type Lookup = (name: string, hasAnswer?: boolean) => string | undefined;

const nameCharacter = /[\p{L}\p{Nd}_]/u;
const digit = /\p{Nd}/u;
const specialParameters = "@*#?-$!0";
const maxDepth = 100;

/** What is wrong, and at which character. */
export class ExpansionFailure extends Error {
  readonly at: number;

  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

export interface Expanded {
  readonly text: string;
  readonly words: string[];
}

/** Collects a text and, beside it, the words that its unquoted blanks make of it. */
class Output {
  readonly #text: string[] = [];
  readonly #words: string[] = [];
  #word: string[] = [];

  /** Blanks end words. */
  plain(text: string): void {
    this.#text.push(text);
    for (const character of text)
      if (isBlank.test(character)) this.#end();
      else this.#word.push(character);
  }

  quoted(text: string): void {
    this.#text.push(text);
    this.#word.push(text);
  }

  #end(): void {
    const word = this.#word.join("");
    if (word !== "") this.#words.push(word);
    this.#word = [];
  }

  done(): Expanded {
    this.#end();
    return { text: this.#text.join(""), words: this.#words };
  }
}

export interface Quoting {
  /** The escape character. */
  readonly token: string;
  readonly hasQuotes: boolean;
}

/** A text expanded, in one pass. Throws ExpansionFailure. */
export const expandText = (text: string, lookup: Lookup, quoting: Quoting): Expanded =>
  new Expansion(text, lookup, quoting).whole();

class Expansion {
  readonly #source: string;
  readonly #lookup: Lookup;
  readonly #quoting: Quoting;
  #at = 0;
  #depth = 0;
  /** Above 0 in the word of a modifier that does not count: `${set:-${unset:?}}` fails nowhere. */
  #unused = 0;

  constructor(source: string, lookup: Lookup, quoting: Quoting) {
    this.#source = source;
    this.#lookup = lookup;
    this.#quoting = quoting;
  }

  whole(): Expanded {
    return this.#until(undefined, false);
  }

  #peek(): string | undefined {
    return this.#source[this.#at];
  }

  #fail(message: string, at = this.#at): never {
    throw new ExpansionFailure(message, at);
  }

  /**
   * Up to a character that stops, which is taken and whose absence is reported at `opened`, or to the end.
   * `keepsEscapes`: for a pattern, which has its own.
   */
  #until(stop: string | undefined, keepsEscapes: boolean, opened = 0): Expanded {
    const output = new Output();
    if (++this.#depth > maxDepth) this.#fail(`variables nested more than ${maxDepth} deep`);
    for (let character = this.#peek(); character !== undefined; character = this.#peek()) {
      if (character === stop) {
        this.#at++;
        this.#depth--;
        return output.done();
      }
      if (character === "$") output.plain(this.#dollar());
      else if (this.#quoting.hasQuotes && character === "'") output.quoted(this.#single());
      else if (this.#quoting.hasQuotes && character === '"') output.quoted(this.#double(keepsEscapes));
      else if (character === this.#quoting.token) {
        this.#at++;
        if (keepsEscapes) output.quoted(character);
        output.quoted(this.#peek() ?? "");
        this.#at++;
      } else {
        output.plain(character);
        this.#at++;
      }
    }
    if (stop !== undefined) this.#fail(`syntax error: missing '${stop}'`, opened);
    this.#depth--;
    return output.done();
  }

  #single(): string {
    const end = this.#source.indexOf("'", this.#at + 1);
    if (end < 0) this.#fail("unexpected end of statement while looking for matching single-quote");
    const text = this.#source.slice(this.#at + 1, end);
    this.#at = end + 1;
    return text;
  }

  /** The escape character escapes `"`, `$` and itself there, and stays before anything else. */
  #double(keepsEscapes: boolean): string {
    const start = this.#at++;
    const parts: string[] = [];
    for (let character = this.#peek(); character !== '"'; character = this.#peek()) {
      if (character === undefined)
        this.#fail("unexpected end of statement while looking for matching double-quote", start);
      if (character === "$") {
        parts.push(this.#dollar());
        continue;
      }
      const next = this.#source[this.#at + 1];
      if (
        character === this.#quoting.token &&
        (next === '"' || next === "$" || next === this.#quoting.token)
      ) {
        parts.push(keepsEscapes ? character + next : next);
        this.#at += 2;
      } else {
        parts.push(character);
        this.#at++;
      }
    }
    this.#at++;
    return parts.join("");
  }

  #dollar(): string {
    const start = this.#at++;
    if (this.#peek() !== "{") {
      const name = this.#name();
      return name === "" ? "$" : this.#value(name);
    }
    this.#at++;
    const next = this.#peek();
    if (next === undefined) this.#fail("syntax error: missing '}'", start);
    if (next === "{" || next === "}" || next === ":") this.#fail("syntax error: bad substitution", start);
    const name = this.#name();
    const character = this.#peek();
    this.#at++;
    if (character === "}") return this.#value(name);
    if (character === undefined) this.#fail("syntax error: missing '}'", start);
    if (character === "/") return this.#replace(name, start);
    const hasColon = character === ":";
    const modifier = hasColon ? this.#peek() : character;
    if (hasColon) this.#at++;
    if (modifier === undefined) this.#fail("syntax error: missing '}'", start);
    return this.#modified(name, modifier, hasColon, start);
  }

  #value(name: string): string {
    return this.#lookup(name) ?? "";
  }

  #modified(name: string, modifier: string, hasColon: boolean, start: number): string {
    const value = this.#lookup(name, "+-?".includes(modifier));
    const isSet = value !== undefined && !(hasColon && value === "");
    if (modifier === "#" || modifier === "%") {
      if (hasColon) this.#fail(`unsupported modifier (:${modifier}) in substitution`, start);
      return this.#trimmed(value ?? "", modifier, start);
    }
    const isUsed = modifier === "+" ? isSet : !isSet;
    if (!"+-?".includes(modifier))
      this.#fail(`unsupported modifier (${hasColon ? ":" : ""}${modifier}) in substitution`, start);
    const word = this.#nested(isUsed, start);
    if (modifier === "+") return isSet ? word : "";
    if (isSet) return value;
    if (modifier === "-" || this.#unused > 0) return word;
    const why = value === undefined ? "is not allowed to be unset" : "is not allowed to be empty";
    this.#fail(`${name}: ${word === "" ? why : word}`, start);
  }

  #nested(isUsed: boolean, start: number): string {
    if (!isUsed) this.#unused++;
    const { text } = this.#until("}", false, start);
    if (!isUsed) this.#unused--;
    return text;
  }

  /** `#` and `##` at the start, `%` and `%%` at the end. */
  #trimmed(value: string, modifier: string, start: number): string {
    const { text } = this.#until("}", true, start);
    const isLongest = text.startsWith(modifier);
    const glob = this.#glob(isLongest ? text.slice(1) : text, start);
    return modifier === "#" ? withoutPrefix(glob, value, isLongest) : withoutSuffix(glob, value, isLongest);
  }

  #replace(name: string, start: number): string {
    const isAll = this.#peek() === "/";
    if (isAll) this.#at++;
    const pattern = this.#until("/", true, start).text;
    const replacement = this.#until("}", true, start).text;
    return replaced(this.#glob(pattern, start), this.#value(name), replacement, isAll);
  }

  #glob(pattern: string, start: number) {
    try {
      return parseGlob(pattern);
    } catch (error) {
      this.#fail(`invalid pattern (${pattern}) in substitution: ${(error as Error).message}`, start);
    }
  }

  /** Letters, digits and `_`; digits alone where it begins with one; or one of the shell's special parameters. */
  #name(): string {
    const start = this.#at;
    const first = this.#peek() ?? "";
    if (!digit.test(first) && first !== "" && specialParameters.includes(first)) {
      this.#at++;
      return first;
    }
    const allowed = digit.test(first) ? digit : nameCharacter;
    while (allowed.test(this.#peek() ?? "")) this.#at++;
    return this.#source.slice(start, this.#at);
  }
}
