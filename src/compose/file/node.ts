/** A Compose file's values, each with the place where it stands, so that whoever refuses one can show it. */

export interface Place {
  /** As the user would name it: relative to the working directory where it is beneath. */
  readonly file: string;
  /** Both from 1. */
  readonly line: number;
  readonly column: number;
  /** The file's, so that a message can show the one that is meant. */
  readonly lines?: readonly string[];
}

export type Node = Scalar | Sequence | Mapping;

interface Common {
  readonly place: Place;
  /** 13-merge.md, "Reset value" and "Replace value". */
  readonly tag?: "reset" | "override";
}

export interface Scalar extends Common {
  readonly kind: "scalar";
  readonly value: string | number | boolean | null;
}

export interface Sequence extends Common {
  readonly kind: "sequence";
  readonly items: readonly Node[];
}

export interface Mapping extends Common {
  readonly kind: "mapping";
  readonly entries: ReadonlyMap<string, Entry>;
}

export interface Entry {
  /** Of the key. */
  readonly place: Place;
  readonly value: Node;
}

/** What stands under a key, if it is a mapping that has it. */
export const member = (node: Node | undefined, key: string): Node | undefined =>
  node?.kind === "mapping" ? node.entries.get(key)?.value : undefined;

/** A text, if it is one. */
export const textOf = (node: Node | undefined): string | undefined =>
  node?.kind === "scalar" && typeof node.value === "string" ? node.value : undefined;
