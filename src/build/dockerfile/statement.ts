import { DockerfileError } from "./error.ts";
import { isBlank, type Line, locate, trim } from "./lines.ts";
import type { Location, Source } from "./location.ts";
import type { Heredoc, Word } from "./word.ts";

/** A stretch of a line's joined text. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** `--name` or `--name=value`, quotes and backslashes taken off. */
export interface Flag {
  readonly name: string;
  readonly value?: Word;
  readonly location: Location;
}

/** An instruction's line, split into keyword, flags and the rest. */
export interface Statement {
  readonly source: Source;
  readonly line: Line;
  readonly keyword: Word;
  /** The keyword in capitals. */
  readonly name: string;
  readonly flags: readonly Flag[];
  /** What stands behind the flags, without the blanks around it. */
  readonly rest: Span;
  /** Those that the rest names, in order, each with where it names it. */
  readonly heredocs: readonly { readonly span: Span; readonly heredoc: Heredoc }[];
  /** All of it, bodies of heredocs included. */
  readonly location: Location;
  readonly original: string;
}

type Written = Pick<Statement, "source" | "line">;

export const textOf = ({ line }: Written, span: Span): string => line.text.slice(span.from, span.to);

export function wordOf(written: Written, span: Span, raw = textOf(written, span)): Word {
  return { raw, location: locate(written.line, span.from, span.to), source: written.source };
}

/** Refuses what stands at a place; without one, the whole keyword. */
export function refuse(statement: Statement, why: string, at?: Location, hint?: string): never {
  const { source, keyword } = statement;
  const location = at ?? keyword.location;
  throw new DockerfileError({ source, location, why, ...(hint === undefined ? {} : { hint }) });
}

const keywordEnd = /[\t\v\f\r ]/;

/** Splits what begins at an offset of a line. */
export function splitStatement(source: Source, line: Line, offset = 0): Statement {
  const { text } = line;
  const original = trim(text.slice(offset));
  const from = text.indexOf(original, offset);
  const end = from + original.length;
  const length = original.search(keywordEnd);
  const to = length < 0 ? end : from + length;
  const word = (span: Span, raw?: string) => wordOf({ source, line }, span, raw);
  const keyword = word({ from, to });
  const { flags, at } = readFlags(text.slice(0, end), to, word);
  const rest = trim(text.slice(at, end));
  const restFrom = rest === "" ? end : text.indexOf(rest, at);
  return {
    source,
    line,
    keyword,
    name: keyword.raw.toUpperCase(),
    flags,
    rest: { from: restFrom, to: restFrom + rest.length },
    heredocs: [],
    location: locate(line, from, end),
    original,
  };
}

/**
 * Words that begin with `--`, up to the first other one or to a `--` alone. A backslash takes the next character as it
 * is, whatever the file's escape character.
 */
function readFlags(
  text: string,
  from: number,
  word: (span: Span, raw: string) => Word,
): { flags: Flag[]; at: number } {
  const flags: Flag[] = [];
  let at = from;
  for (;;) {
    while (at < text.length && isBlank.test(text[at] ?? "")) at++;
    if (!text.startsWith("--", at)) return { flags, at };
    const start = at;
    const { raw, valueAt, end } = readFlag(text, start);
    at = end;
    if (raw === "--") return { flags, at };
    const equals = raw.indexOf("=");
    const location = word({ from: start, to: end }, raw).location;
    flags.push(
      equals < 0
        ? { name: raw.slice(2), location }
        : {
            name: raw.slice(2, equals),
            value: word({ from: valueAt, to: end }, raw.slice(equals + 1)),
            location,
          },
    );
  }
}

function readFlag(text: string, from: number): { raw: string; valueAt: number; end: number } {
  const parts: string[] = [];
  let [at, valueAt, quote] = [from, -1, ""];
  for (; at < text.length; at++) {
    const character = text[at] ?? "";
    if (quote === "" && isBlank.test(character)) break;
    if (quote === "" ? character === "'" || character === '"' : character === quote) {
      quote = quote === "" ? character : "";
    } else if (character === "\\") {
      at++;
      parts.push(text[at] ?? "");
    } else {
      if (character === "=" && valueAt < 0) valueAt = at + 1;
      parts.push(character);
    }
  }
  const end = Math.min(at, text.length);
  return { raw: parts.join(""), valueAt: valueAt < 0 ? end : valueAt, end };
}
