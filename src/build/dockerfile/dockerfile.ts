import type { ArgInstruction, Stage } from "./instruction.ts";
import type { Location, Source } from "./location.ts";

/** A parser directive's value with its place. */
export interface Directive {
  readonly value: string;
  readonly location: Location;
}

/** `# name=value` lines at the top; `escape` is the source's. */
export interface Directives {
  readonly syntax?: Directive;
  readonly check?: Directive;
}

/** What the parser itself notices and does not refuse: an instruction continued over empty lines. */
export interface EmptyContinuation {
  readonly original: string;
  readonly location: Location;
}

/** A Dockerfile taken apart; nothing in it is expanded or looked up yet. */
export interface Dockerfile {
  readonly source: Source;
  readonly directives: Directives;
  /** The ARGs before the first FROM. */
  readonly globalArgs: readonly ArgInstruction[];
  /** At least one. */
  readonly stages: readonly Stage[];
  readonly warnings: readonly EmptyContinuation[];
}
