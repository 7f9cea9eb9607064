import type { Directive, Directives } from "./dockerfile.ts";
import { DockerfileError } from "./error.ts";
import type { Escape, Location, Position, Source } from "./location.ts";

/** What Go's unicode.IsSpace takes for a blank, which is not quite what a JavaScript `\s` is. */
export const blank =
  "[\\t\\n\\v\\f\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";

/** Of one character. */
export const isBlank = new RegExp(blank);

const leading = new RegExp(`^${blank}*`);
const trailing = new RegExp(`${blank}$`);

const trimStart = (text: string): string => text.slice(leading.exec(text)?.[0].length ?? 0);

function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && trailing.test(text[end - 1] ?? "")) end--;
  return text.slice(0, end);
}

/** A regular expression like `x+$` would look at every run from each of its places. */
function withoutTrailing(text: string, characters: string): string {
  let end = text.length;
  while (end > 0 && characters.includes(text[end - 1] ?? "")) end--;
  return text.slice(0, end);
}

export const trim = (text: string): string => trimEnd(trimStart(text));

interface Piece {
  /** Where in the joined text it begins. */
  readonly offset: number;
  readonly position: Position;
}

/** An instruction's lines, joined: continuations taken off, comments between them left out. */
export interface Line {
  readonly text: string;
  readonly pieces: readonly Piece[];
  /** Comment lines right above, without their `#`. */
  readonly comments: readonly string[];
  readonly hasEmptyContinuation: boolean;
}

/** Where in the file the text from one offset up to another stands. */
export function locate(line: Line, from: number, to: number): Location {
  const start = positionOf(line, from);
  if (to <= from) return { start, end: start };
  const last = positionOf(line, to - 1);
  return { start, end: { line: last.line, column: last.column + 1 } };
}

function positionOf({ pieces }: Line, offset: number): Position {
  let [low, high] = [0, pieces.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((pieces[middle]?.offset ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  const { offset: from, position } = pieces[low] ?? { offset: 0, position: { line: 1, column: 1 } };
  return { line: position.line, column: position.column + offset - from };
}

export interface Lines {
  readonly source: Source;
  readonly directives: Directives;
  /** The next instruction; undefined at the end. */
  next(): Line | undefined;
  /** The lines up to a delimiter alone on its line, for which leading tabs do not count where `chomp`; undefined when it never comes. */
  body(delimiter: string, chomp: boolean): { content: string; location: Location } | undefined;
}

/** The whole of a file, line by line. Throws DOCKERFILE_INVALID for directives that cannot be, and for NUL bytes. */
export function readLines(text: string, file: string): Lines {
  const raw = (text.startsWith("\ufeff") ? text.slice(1) : text).split("\n");
  const plain: Source = { file, lines: raw.map((line) => withoutTrailing(line, "\r")), escape: "\\" };
  refuseNul(plain);
  const { directives, count, escape: token } = readDirectives(plain);
  const source: Source = { ...plain, escape: token };
  let at = count;

  function next(): Line | undefined {
    let comments: string[] = [];
    for (; at < source.lines.length; at++) {
      const line = source.lines[at] ?? "";
      const start = trimStart(line);
      if (start.startsWith("#")) {
        const comment = trim(start.slice(1));
        if (comment === "") comments = [];
        else comments.push(comment);
      } else if (start === "") comments = [];
      else {
        const joined = join(comments, line.length - start.length);
        if (trim(joined.text) !== "") return joined;
        comments = [];
        at--;
      }
    }
    return undefined;
  }

  /** Joins what begins at the current line, `indent` characters of which do not count. */
  function join(comments: readonly string[], indent: number): Line {
    const parts: string[] = [];
    const pieces: Piece[] = [];
    let [offset, skip, hasEmptyContinuation] = [0, indent, false];
    for (let isOpen = true; isOpen && at < source.lines.length; at++) {
      const line = source.lines[at] ?? "";
      const start = trimStart(line);
      if (pieces.length > 0 && (start === "" || start.startsWith("#"))) {
        // The file's last line end begins no line.
        hasEmptyContinuation ||= start === "" && at < source.lines.length - 1;
        continue;
      }
      const end = continuationAt(line, source.escape);
      isOpen = end !== undefined;
      const part = line.slice(skip, end);
      pieces.push({ offset, position: { line: at + 1, column: skip + 1 } });
      parts.push(part);
      offset += part.length;
      skip = 0;
    }
    return { text: parts.join(""), pieces, comments, hasEmptyContinuation };
  }

  function body(delimiter: string, chomp: boolean) {
    const from = at;
    const content: string[] = [];
    for (; at < source.lines.length; at++) {
      const line = raw[at] ?? "";
      const kept = chomp ? line.replace(/^\t+/, "") : line;
      if (withoutTrailing(kept, "\r") === delimiter) {
        at++;
        const end = { line: at, column: (source.lines[at - 1] ?? "").length + 1 };
        return { content: content.join(""), location: { start: { line: from + 1, column: 1 }, end } };
      }
      content.push(kept, "\n");
    }
    return undefined;
  }

  return { source, directives, next, body };
}

/** Where the escape character stands that continues a line: last but for blanks, and not escaped itself. */
function continuationAt(line: string, token: Escape): number | undefined {
  const end = withoutTrailing(line, " \t").length - 1;
  return line[end] === token && line[end - 1] !== token ? end : undefined;
}

function refuseNul(source: Source): void {
  const index = source.lines.findIndex((line) => line.includes("\0"));
  if (index < 0) return;
  const column = (source.lines[index] ?? "").indexOf("\0") + 1;
  const location = { start: { line: index + 1, column }, end: { line: index + 1, column: column + 1 } };
  throw new DockerfileError({ source, location, why: "the file holds a NUL byte", hint: "save it as UTF-8" });
}

const directive = /^#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(\S.*)$/;

/** reference, "Parser directives": at the top only, each once; what is none ends the search and is a comment. */
function readDirectives(source: Source): { directives: Directives; count: number; escape: Escape } {
  const found = new Map<string, Directive>();
  let count = 0;
  for (const line of source.lines) {
    const match = directive.exec(trim(line));
    const [name, value] = [match?.[1]?.toLowerCase() ?? "", match?.[2] ?? ""];
    if (!["escape", "syntax", "check"].includes(name)) break;
    count++;
    const column = line.lastIndexOf(value) + 1;
    const location = { start: { line: count, column }, end: { line: count, column: column + value.length } };
    if (found.has(name))
      throw new DockerfileError({ source, location, why: `only one ${name} parser directive can be used` });
    if (name === "escape" && value !== "\\" && value !== "`")
      throw new DockerfileError({
        source,
        location,
        why: `invalid escape token '${value}' does not match \` or \\`,
      });
    found.set(name, { value, location });
  }
  const [syntax, check] = [found.get("syntax"), found.get("check")];
  const directives = {
    ...(syntax === undefined ? {} : { syntax }),
    ...(check === undefined ? {} : { check }),
  };
  return { directives, count, escape: found.get("escape")?.value === "`" ? "`" : "\\" };
}
