/** A place in a Dockerfile: line and column count from 1, the column in UTF-16 units, a tab being one. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** From the first character to just behind the last one. */
export interface Location {
  readonly start: Position;
  readonly end: Position;
}

/** What the `escape` directive chose: it continues lines, and takes a character's meaning away. */
export type Escape = "\\" | "`";

/** A Dockerfile's text: places in it are shown from here. */
export interface Source {
  /** As the user named it: `Dockerfile`. */
  readonly file: string;
  /** Without their line ends. */
  readonly lines: readonly string[];
  readonly escape: Escape;
}

const context = 2;

/** What is shown of a line that is longer, around the caret. */
const widest = 200;

/**
 * The lines around a location, those it covers marked, a caret under what is meant where that lies on one line:
 *
 *     Dockerfile:2:1
 *        1 |     FROM alpine
 *        2 | >>> RUNN echo
 *          |     ^^^^
 */
export function snippet(source: Source, at: Location): string {
  const { line, column } = at.start;
  return [`${source.file}:${line}:${column}`, ...linesAround(source, at, true)].join("\n");
}

/** The numbered lines of it alone; docker's own have no caret. */
export function linesAround(source: Source, at: Location, hasCaret: boolean): string[] {
  const { start, end } = at;
  const first = Math.max(1, start.line - context);
  const last = Math.min(source.lines.length, end.line + context);
  const shown: string[] = [];
  for (let line = first; line <= last; line++) {
    const isMeant = line >= start.line && line <= end.line;
    const isPointedAt = hasCaret && isMeant && start.line === end.line;
    const text = clean(source.lines[line - 1] ?? "");
    const cut = isPointedAt ? Math.max(0, start.column - 1 - widest / 2) : 0;
    const [before, from] = text.length > widest && cut > 0 ? ["…", cut] : ["", 0];
    const part = text.slice(from, from + widest);
    const after = text.length > from + widest ? "…" : "";
    shown.push(`${String(line).padStart(4)} | ${isMeant ? ">>>" : "   "} ${before}${part}${after}`.trimEnd());
    if (isPointedAt) shown.push(`     |     ${before === "" ? "" : " "}${caret(part, from, at)}`);
  }
  return shown;
}

/** Tabs stay tabs, so that the caret stands where a terminal puts the character above it. `from`: the part's column. */
function caret(part: string, from: number, { start, end }: Location): string {
  const [first, last] = [start.column - 1 - from, Math.min(end.column - 1 - from, part.length)];
  return `${part.slice(0, first).replace(/[^\t]/g, " ")}${"^".repeat(Math.max(1, last - first))}`;
}

/** A control character in a file must not reach a terminal; each stays one column wide. */
const clean = (text: string): string => text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "\ufffd");
