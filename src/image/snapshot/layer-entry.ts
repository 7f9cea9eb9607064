/** What an entry of a layer's tar does to the tree: image-spec, layer.md. */

import type { TarEntry } from "../tar/entry.ts";
import { TarError } from "../tar/error.ts";
import { fromTar } from "../tree/convert.ts";
import { type TreeEntry, toText } from "../tree/entry.ts";
import { kind } from "../tree/frames.ts";
import { opaqueName, parentOf, whiteoutPrefix, within } from "../tree/names.ts";

/** aufs's own bookkeeping, in old layers. */
const aufsPrefix = ".wh..wh.";

/** The tree's entry; undefined for what says nothing about the tree. */
export function layerEntry(tar: TarEntry): TreeEntry | undefined {
  const entry = fromTar(tar);
  if (!entry.path.includes(whiteoutPrefix)) return entry;
  const parts = entry.path.split("/");
  const last = parts.at(-1) ?? "";
  if (last !== opaqueName && parts.some((part) => part.startsWith(aufsPrefix))) return undefined;
  // layer.md: "it is not possible to create a filesystem which has a file or directory with a name beginning with .wh."
  if (parts.slice(0, -1).some((part) => part.startsWith(whiteoutPrefix)))
    refuse(entry, "lies below a whiteout");
  if (!last.startsWith(whiteoutPrefix)) return entry;
  const parent = parentOf(entry.path);
  const bare = { ...entry, target: "", size: 0, major: 0, minor: 0, xattrs: [] };
  if (last === opaqueName) return { ...bare, kind: kind.opaque, path: parent };
  if (tar.type === "directory") refuse(entry, "is a folder");
  const hidden = last.slice(whiteoutPrefix.length);
  if (hidden === "" || hidden === "." || hidden === "..") refuse(entry, "hides nothing");
  return { ...bare, kind: kind.whiteout, path: within(parent, hidden) };
}

function refuse(entry: TreeEntry, why: string): never {
  throw new TarError(`the whiteout ${JSON.stringify(toText(entry.path))} ${why}`);
}

/** Follows which folders a layer implies without an entry of their own. */
export function impliedFolders(): { see(entry: TreeEntry): void; implied(): string[] } {
  const explicit = new Set<string>([""]);
  const implied = new Set<string>();
  return {
    see(entry) {
      if (entry.kind === kind.directory) explicit.add(entry.path);
      let folder = entry.kind === kind.opaque ? entry.path : parentOf(entry.path);
      while (!explicit.has(folder) && !implied.has(folder)) {
        implied.add(folder);
        folder = parentOf(folder);
      }
    },
    implied: () => [...implied].filter((path) => !explicit.has(path)),
  };
}
