import { isBlank, locate } from "./lines.ts";
import { refuse, type Span, type Statement, textOf, wordOf } from "./statement.ts";
import type { Word } from "./word.ts";

const separator = /[\t\v\f\r ]+/g;

/** The rest, split at blanks whatever quotes it has; a heredoc is one word. */
export function spansOf(statement: Statement): Span[] {
  const { line, rest, heredocs } = statement;
  const spans: Span[] = [];
  let from = rest.from;
  const add = (to: number) => {
    if (to > from) spans.push({ from, to });
  };
  let next = 0;
  for (const match of line.text.slice(0, rest.to).matchAll(separator)) {
    while ((heredocs[next]?.span.to ?? Number.POSITIVE_INFINITY) <= match.index) next++;
    const isInHeredoc = (heredocs[next]?.span.from ?? Number.POSITIVE_INFINITY) <= match.index;
    if (match.index < from || isInHeredoc) continue;
    add(match.index);
    from = match.index + match[0].length;
  }
  add(rest.to);
  return spans;
}

export const wordsOf = (statement: Statement): Word[] =>
  spansOf(statement).map((span) => wordOf(statement, span));

/**
 * The words of a JSON array of texts; undefined for what is no JSON array, which then means what it says as it is
 * written. Refuses an array that holds anything else.
 */
export function jsonWords(statement: Statement, span: Span = statement.rest): Word[] | undefined {
  const text = textOf(statement, span);
  const array = text.startsWith("[") ? parsed(text) : undefined;
  if (!Array.isArray(array)) return undefined;
  const wrong = array.some((each) => typeof each !== "string");
  if (wrong)
    refuse(
      statement,
      "when using JSON array syntax, arrays must be comprised of strings only",
      locate(statement.line, span.from, span.to),
    );
  const places = [...text.matchAll(/"(?:[^"\\]|\\.)*"/g)];
  return array.map((value: string, index) => {
    const { index: at, 0: written } = places[index] ?? { index: 0, 0: "" };
    return wordOf(statement, { from: span.from + at, to: span.from + at + written.length }, value);
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The rest, split at blanks that are neither quoted nor escaped; quotes and escapes stay in the words. */
export function quotedWords(statement: Statement): Word[] {
  const { line, rest, source } = statement;
  const words: Word[] = [];
  let [at, from, quote] = [rest.from, -1, ""];
  const add = (to: number, rawTo = to) => {
    if (rawTo > from) words.push(wordOf(statement, { from, to }, line.text.slice(from, rawTo)));
    from = -1;
  };
  for (; at < rest.to; at++) {
    const character = line.text[at] ?? "";
    if (quote === "" && isBlank.test(character)) {
      if (from >= 0) add(at);
      continue;
    }
    if (from < 0) from = at;
    if (character === source.escape && quote !== "'") at++;
    else if (quote === "" ? character === "'" || character === '"' : character === quote)
      quote = quote === "" ? character : "";
  }
  // An escape character that ends the instruction escapes nothing.
  if (from >= 0) add(rest.to, at > rest.to ? rest.to - 1 : rest.to);
  return words;
}
