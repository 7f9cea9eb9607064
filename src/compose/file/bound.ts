import { composeError } from "./error.ts";
import type { Mapping, Node } from "./node.ts";

/**
 * How many values a document may say, its aliases and what its services extend written out: whoever walks it walks each
 * of them. A hundred times what the largest project of a person says.
 */
export const MOST_VALUES = 250_000;
/** How long a chain of `extends` may be, so that it may be followed by recursion. */
export const LONGEST_CHAIN = 100;
/** How many files may be included, one in the other or side by side. */
export const MOST_INCLUDED = 1000;

/** Refuses a document that is larger by what its services extend. */
export function bounded(root: Mapping): Mapping {
  let count = 0;
  const walk = (node: Node): void => {
    if (++count > MOST_VALUES)
      throw composeError(
        node.place,
        "cannot use the file",
        `with what its services extend written out it has more than ${MOST_VALUES} values`,
      );
    if (node.kind === "sequence") node.items.forEach(walk);
    else if (node.kind === "mapping") for (const { value } of node.entries.values()) walk(value);
  };
  walk(root);
  return root;
}
