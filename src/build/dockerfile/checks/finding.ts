import type { Location } from "../location.ts";
import type { Rule } from "./rules.ts";

/** What a check has found. */
export interface Finding {
  readonly rule: Rule;
  /** docker's words, with what was found. */
  readonly message: string;
  /** The word that is meant. */
  readonly location: Location;
  /** The instruction it is in, whose lines docker marks. */
  readonly lines: Location;
}

/** Takes a finding down: about an instruction, and a word in it that is meant. */
export type Report = (
  rule: Rule,
  message: string,
  about: { readonly location: Location },
  word?: { readonly location: Location },
) => void;
