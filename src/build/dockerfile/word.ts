import type { Location, Source } from "./location.ts";

/** A text as written, whose variables, quotes and escapes are still in it: expand.ts reads it. */
export interface Word {
  readonly raw: string;
  readonly location: Location;
  readonly source: Source;
}

/** A stretch of a word, with its own place where the word stands on one line as it is written. */
export function part(word: Word, from: number, to: number = word.raw.length): Word {
  const { raw, source, location } = word;
  const { start, end } = location;
  const isPlain = start.line === end.line && end.column - start.column === raw.length;
  const place = (offset: number) => ({ line: start.line, column: start.column + offset });
  return {
    raw: raw.slice(from, to),
    location: isPlain ? { start: place(from), end: place(to) } : location,
    source,
  };
}

/** `key=value`; in ENV and LABEL the key may hold variables too. */
export interface Pair {
  readonly key: Word;
  readonly value: Word;
}

/** `ARG key` or `ARG key=value`. */
export interface ArgPair {
  readonly key: Word;
  readonly value?: Word;
}

/** A line with the bodies of the heredocs that it names, as a shell or a Dockerfile reads them. */
export const withBodies = (line: string, heredocs: readonly Heredoc[]): string =>
  `${line}${heredocs.map(({ content, name }) => `\n${content}${name}`).join("")}`;

/** `<<EOF`, with the lines up to `EOF`. */
export interface Heredoc {
  /** The delimiter without quotes: in COPY and ADD also the file's name. */
  readonly name: string;
  /** Every line with its line end, leading tabs taken off for `<<-`. */
  readonly content: string;
  /** False where a part of the delimiter is quoted: variables stay as they are. */
  readonly expand: boolean;
  /** `<<-` */
  readonly chomp: boolean;
  /** `3<<EOF`; 0 where none is written. */
  readonly fileDescriptor: number;
  /** Of the content and the delimiter's line. */
  readonly location: Location;
  readonly source: Source;
}
