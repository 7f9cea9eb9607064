/** Where in its files a project says something, and that it cannot. */
import { composeError } from "../file/error.ts";
import { type Entry, type Mapping, member, type Node, type Place, textOf } from "../file/node.ts";
import type { Project } from "./project.ts";

/** Where something is written: as far in as there is something. In a list a key is an index, or what an item names. */
export type Places = (...path: readonly (string | number)[]) => Place;

export function placesOf(root: Mapping): Places {
  return (...path) => {
    let [node, place]: readonly [Node | undefined, Place] = [root, root.place];
    for (const key of path) {
      const entry: Entry | undefined = node?.kind === "mapping" ? node.entries.get(String(key)) : undefined;
      node = node?.kind === "sequence" ? (node.items[Number(key)] ?? naming(node.items, key)) : entry?.value;
      if (node === undefined) return place;
      place = node.kind === "scalar" ? node.place : (entry?.place ?? node.place);
    }
    return place;
  };
}

/** `back`, `label=value`, `{source: token}`. */
function naming(items: readonly Node[], key: string | number): Node | undefined {
  return items.find((item) => {
    const text = textOf(item) ?? textOf(member(item, "source"));
    return text === key || text?.startsWith(`${key}=`);
  });
}

/** Throws a composeError for what cannot be. */
export type Check = (project: Project, places: Places) => void;

export function refuse(
  places: Places,
  path: readonly (string | number)[],
  why: string,
  hint?: string,
): never {
  const name = path.reduce<string>(
    (before, key) =>
      typeof key === "number" ? `${before}[${key}]` : before === "" ? key : `${before}.${key}`,
    "",
  );
  throw composeError(places(...path), name, why, hint);
}
