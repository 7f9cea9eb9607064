import type { Location } from "./location.ts";

/** What the file's `escape` directive chose. */
export type Escape = "\\" | "`";

/** A text as written, whose variables, quotes and escapes are still in it: expand.ts reads it. */
export interface Word {
  readonly raw: string;
  readonly location: Location;
  readonly escape: Escape;
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
  readonly escape: Escape;
}
