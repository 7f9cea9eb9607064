import { closeSync, constants, fstatSync, readSync, type Stats } from "node:fs";
import { join } from "node:path";
import { fromText } from "../../image/tree/entry.ts";
import type { Rootfs } from "../../oci/rootfs.ts";
import { MergedRoot } from "./merged.ts";

/** The folders of a root, the uppermost first. */
export function layerFolders(rootfs: Rootfs): readonly string[] {
  if (rootfs.kind === "folder") return [rootfs.path];
  const { upper, lower } = rootfs;
  return (upper === "" ? lower : [upper, ...lower]).map((name) => join(rootfs.folder, name));
}

/** The text of a file of the merged root, at most `limit` bytes; undefined when it is no regular file there. */
export function readInLayers(folders: readonly string[], path: string, limit: number): string | undefined {
  return looked(folders, (root) => {
    const found = root.find(fromText(path));
    if (found.stats?.isFile() !== true) return undefined;
    const file = root.open(found.path, constants.O_RDONLY | constants.O_NONBLOCK);
    if (file === undefined) return undefined;
    try {
      const stats = fstatSync(file);
      if (!stats.isFile()) return undefined;
      const buffer = Buffer.alloc(Math.min(stats.size, limit));
      return buffer.toString("utf8", 0, readSync(file, buffer, 0, buffer.length, 0));
    } finally {
      closeSync(file);
    }
  });
}

/** What the merged root has at a path; links in it are followed inside the root. */
export function statInLayers(folders: readonly string[], path: string): Stats | undefined {
  return looked(folders, (root) => root.find(fromText(path)).stats);
}

function looked<T>(folders: readonly string[], look: (root: MergedRoot) => T): T | undefined {
  try {
    using root = new MergedRoot(folders);
    return look(root);
  } catch (cause) {
    // A container that renames its own files meanwhile finds nothing rather than something else.
    if (["ENOENT", "ENOTDIR", "ELOOP", "ENAMETOOLONG"].includes((cause as NodeJS.ErrnoException).code ?? ""))
      return undefined;
    throw cause;
  }
}
