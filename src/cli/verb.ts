import type { Client } from "../client/client.ts";
import type { OptionTable, Values } from "./options/option.ts";
import type { Place } from "./place.ts";

/** What a verb works with. */
export interface Context {
  readonly client: Client;
  readonly place: Place;
}

export interface Line<T extends OptionTable> {
  readonly options: Values<T>;
  readonly args: readonly string[];
  /** The options that were written, by their long names. */
  readonly given: ReadonlySet<string>;
  /** The verb as it was written: `image rm`. */
  readonly verb: string;
}

export interface Verb<T extends OptionTable> {
  /** What follows the verb: `[OPTIONS] IMAGE [COMMAND] [ARG...]`. */
  readonly usage: string;
  readonly options: T;
  /** How many arguments there must be at least and may be at most. */
  readonly args: readonly [number, number];
  /** The first argument ends the options. */
  readonly firstArgumentEndsOptions?: boolean;
  readonly examples?: readonly string[];
  /** Answers the exit code. */
  run(context: Context, line: Line<T>): Promise<number>;
}

/** Lets a verb's own option table type its `run`. */
export const verb = <T extends OptionTable>(definition: Verb<T>): Verb<T> => definition;

/** Any number of arguments. */
export const ANY = Number.POSITIVE_INFINITY;
