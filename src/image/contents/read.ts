/** Reads a layer's tar onto a tree, by the image specification's rules (layer.md, "Applying Changesets"). */
import { createHash, type Hash } from "node:crypto";
import type { TarEntry } from "../tar/entry.ts";
import { tarReader } from "../tar/reader.ts";
import { nameOf, opaqueName, parentOf, treePath, whiteoutPrefix, within } from "../tree/names.ts";
import { leaf, type Node, type Tree } from "./tree.ts";

const xattrText = ({ xattrs }: TarEntry) =>
  xattrs
    .map(([name, value]) => `${name}=${Buffer.from(value).toString("base64")}`)
    .sort()
    .join("\n");

function contentOf({ type, linkName, major, minor }: TarEntry): string {
  if (type === "symlink") return linkName;
  return type === "character" || type === "block" ? `${major}:${minor}` : "";
}

export interface ReadOptions {
  /** Which layer it is, counted from the bottom. */
  readonly layer: number;
  /** Whether files are told apart by their data, or only by their sizes. */
  readonly hashed: boolean;
}

/** Throws TarError for what is no layer. */
export async function readLayer(
  tree: Tree,
  tar: AsyncIterable<Uint8Array>,
  { layer, hashed }: ReadOptions,
): Promise<void> {
  let open: { readonly path: string; readonly entry: TarEntry; readonly hash: Hash } | undefined;
  const nodeOf = (entry: TarEntry, content: string): Node => {
    const { mode, uid, gid, size } = entry;
    const type = entry.type === "hardlink" ? "file" : entry.type;
    return leaf({ type, mode, uid, gid, size, bytes: size, content, xattrs: xattrText(entry), layer });
  };
  const finish = () => {
    if (open === undefined) return;
    tree.put(open.path, nodeOf(open.entry, open.hash.digest("base64")));
    open = undefined;
  };
  const link = (path: string, entry: TarEntry) => {
    const target = tree.find(treePath(entry.linkName));
    tree.put(path, target === undefined ? nodeOf(entry, "") : { ...target, bytes: 0, layer });
  };
  const reader = tarReader({
    entry(entry) {
      finish();
      const path = treePath(entry.name);
      const [folder, name] = [parentOf(path), nameOf(path)];
      if (name === opaqueName) tree.clear(folder, layer);
      else if (name.startsWith(whiteoutPrefix))
        tree.remove(within(folder, name.slice(whiteoutPrefix.length)), layer);
      else if (entry.type === "hardlink") link(path, entry);
      else if (entry.type === "file" && hashed) open = { path, entry, hash: createHash("sha256") };
      else tree.put(path, nodeOf(entry, contentOf(entry)));
    },
    data: (bytes) => void open?.hash.update(bytes),
  });
  for await (const chunk of tar) reader.push(chunk);
  reader.end();
  finish();
}
