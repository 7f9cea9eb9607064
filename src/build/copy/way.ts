import { type SeenEntry, toText } from "../../image/tree/entry.ts";
import { kind } from "../../image/tree/frames.ts";
import type { TreeLook } from "../../image/tree/look.ts";
import { within } from "../../image/tree/names.ts";
import { InroError } from "../../oci/error.ts";
import type { Sieve } from "./sieve.ts";

/** path_resolution(7) */
const MOST_LINKS = 40;

/** The parts of a path, cleaned by its letters: `..` never leads above the root. */
export function cleanParts(path: string): string[] {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return parts;
}

/** Where a way ended. */
export type Reached =
  | { readonly entry: SeenEntry }
  /** Nothing is there; or it is hidden, and this is what. */
  | { readonly entry: undefined; readonly hidden?: string };

/**
 * Follows links inside the root, the last name's too, one name after the other; what the sieve hides is not there (a byte
 * string as `from`, the path of a folder without links). Throws TREE_FAILED.
 */
export async function follow(
  look: TreeLook,
  from: string,
  parts: readonly string[],
  sieve: Sieve,
): Promise<Reached> {
  const here = from === "" ? [] : from.split("/");
  const rest = [...parts];
  let entry = await look.stat(from);
  for (let links = 0; rest.length > 0; ) {
    const name = rest.shift() ?? "";
    if (name === "..") {
      here.pop();
      entry = await look.stat(here.join("/"));
      continue;
    }
    if (entry?.kind !== kind.directory) return { entry: undefined };
    const path = within(here.join("/"), name);
    const next = await look.stat(path);
    if (next === undefined) return { entry: undefined };
    if (sieve.take(path, "", next.kind === kind.directory) === "hidden")
      return { entry: undefined, hidden: path };
    if (next.kind === kind.symlink) {
      if (++links > MOST_LINKS) throw tooManyLinks(path);
      if (next.target.startsWith("/")) {
        here.length = 0;
        entry = await look.stat("");
      }
      rest.unshift(...next.target.split("/").filter((part) => part !== "" && part !== "."));
      continue;
    }
    here.push(name);
    entry = next;
  }
  return { entry };
}

const tooManyLinks = (path: string) =>
  new InroError("COPY_SOURCE_INVALID", {
    what: `cannot copy ${JSON.stringify(toText(path))}`,
    why: "it leads through too many symbolic links",
  });
