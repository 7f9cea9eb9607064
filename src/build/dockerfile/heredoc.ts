import { blank, isBlank, type Lines, locate } from "./lines.ts";
import { refuse, type Span, type Statement } from "./statement.ts";
import type { Heredoc } from "./word.ts";

/** `<<EOF` as it stands in a line. */
export interface HeredocMark {
  readonly span: Span;
  readonly name: string;
  readonly expand: boolean;
  readonly chomp: boolean;
  readonly fileDescriptor: number;
}

const mark = new RegExp(`^(\\d*)<<(-?)${blank}*([^<]+)$`);

/**
 * The heredocs that a statement's rest names: words of the shell that are nothing else, `cat<<EOF` is none. Where a
 * quote is left open there are none, since the shell would not read them either.
 */
export function heredocMarks(text: string, { from, to }: Span): HeredocMark[] {
  const marks: HeredocMark[] = [];
  for (const span of shellWords(text, from, to)) {
    if (span === undefined) return [];
    const match = mark.exec(text.slice(span.from, span.to));
    const raw = match?.[3] ?? "";
    const name = unquoted(raw);
    if (name === "") continue;
    const fileDescriptor = Number(match?.[1] ?? "");
    marks.push({ span, name, expand: name === raw, chomp: match?.[2] === "-", fileDescriptor });
  }
  return marks;
}

/**
 * The words of a command line; undefined for one whose quote is not closed. Blanks behind `<<` belong to the word;
 * in `((a << b))` it is a shift.
 */
function* shellWords(text: string, from: number, to: number): Generator<Span | undefined> {
  const lastArithmetic = text.lastIndexOf("))", to - 2);
  let at = from;
  while (at < to) {
    while (at < to && isBlank.test(text[at] ?? "")) at++;
    const start = at;
    while (at < to && !isBlank.test(text[at] ?? "")) {
      const character = text[at] ?? "";
      if (character === "\\") at += 2;
      else if (text.startsWith("((", at) && at < lastArithmetic) at = text.indexOf("))", at) + 2;
      else if (character === "'" || character === '"') {
        const end = closing(text, at, to);
        if (end === undefined) return yield undefined;
        at = end;
      } else {
        at++;
        if (character === "<" && text[at] === "<")
          at = behindBlanks(text, text[at + 1] === "-" ? at + 2 : at + 1);
      }
    }
    if (at > start) yield { from: start, to: Math.min(at, to) };
  }
}

function behindBlanks(text: string, from: number): number {
  let at = from;
  while (at < text.length && isBlank.test(text[at] ?? "")) at++;
  return at;
}

/** Behind the quote that closes the one at `from`. */
function closing(text: string, from: number, to: number): number | undefined {
  const quote = text[from];
  for (let at = from + 1; at < to; at++) {
    if (text[at] === quote) return at + 1;
    if (quote === '"' && text[at] === "\\") at++;
  }
  return undefined;
}

function unquoted(raw: string): string {
  return raw.replace(/'([^']*)'|"((?:\\.|[^"\\])*)"|\\(.)/gs, (_, single, double, escaped) =>
    double === undefined ? (single ?? escaped) : double.replace(/\\(["\\$])/g, "$1"),
  );
}

/** Reads the bodies that a statement's marks ask for from the lines that follow it. */
export function readBodies(lines: Lines, statement: Statement, marks: readonly HeredocMark[]): Statement {
  const heredocs = marks.map(({ span, name, expand, chomp, fileDescriptor }) => {
    const body = lines.body(name, chomp);
    if (body === undefined)
      refuse(
        statement,
        "unterminated heredoc",
        locate(statement.line, span.from, span.to),
        `no line holds ${JSON.stringify(name)} and nothing else`,
      );
    const heredoc: Heredoc = { name, ...body, expand, chomp, fileDescriptor, source: statement.source };
    return { span, heredoc };
  });
  const end = heredocs.at(-1)?.heredoc.location.end ?? statement.location.end;
  return { ...statement, heredocs, location: { start: statement.location.start, end } };
}
