import { composeError, placeText } from "../error.ts";
import type { Entry, Mapping, Node, Place } from "../node.ts";
import { type Lookup, substitute, TemplateError } from "./template.ts";

/** Replaces variables in files, and keeps what is to be warned of: each variable once. */
export class Interpolation {
  readonly #lookup: Lookup;
  readonly #unset: Map<string, Place>;

  constructor(lookup: Lookup, unset = new Map<string, Place>()) {
    this.#lookup = lookup;
    this.#unset = unset;
  }

  /** With other variables, and the same warnings. */
  over(lookup: Lookup): Interpolation {
    return new Interpolation(lookup, this.#unset);
  }

  /** The same with the variables of its texts replaced; keys stay as they are. What has none is the same value. */
  node<N extends Node>(node: N, path = ""): N {
    switch (node.kind) {
      case "scalar": {
        if (typeof node.value !== "string" || !node.value.includes("$")) return node;
        return { ...node, value: this.text(node.value, node.place, path) };
      }
      case "sequence": {
        const items = node.items.map((item, index) => this.node(item, `${path}[${index}]`));
        return items.every((item, index) => item === node.items[index]) ? node : { ...node, items };
      }
      case "mapping":
        return this.#mapping(node, path) as N;
    }
  }

  #mapping(node: Mapping, path: string): Mapping {
    const entries = new Map<string, Entry>();
    let changed = false;
    for (const [key, entry] of node.entries) {
      const value = this.node(entry.value, path === "" ? key : `${path}.${key}`);
      changed ||= value !== entry.value;
      entries.set(key, value === entry.value ? entry : { ...entry, value });
    }
    return changed ? { ...node, entries } : node;
  }

  /** A text that stands at `place`. */
  text(text: string, place: Place, path: string): string {
    try {
      return substitute(text, this.#lookup, (name) => this.unset(name, place));
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      throw composeError(place, `cannot replace the variables of ${path}`, error.message, error.hint);
    }
  }

  /** To be warned of: a variable that is not set. */
  unset(name: string, place: Place): void {
    if (!this.#unset.has(name)) this.#unset.set(name, place);
  }

  get warnings(): string[] {
    return [...this.#unset].map(
      ([name, place]) => `${placeText(place)}: the variable ${name} is not set, and is taken as empty`,
    );
  }
}
