import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readlinkSync,
  readSync,
  type Stats,
} from "node:fs";
import { join } from "node:path";
import type { Rootfs } from "../../oci/rootfs.ts";
import { readXattr } from "../../platform/xattr.ts";

/**
 * Looks a file up in an overlay's folders as the kernel would merge them, without mounting. Every step opens one name
 * beneath a held descriptor and follows no link by itself, so that nothing outside the layers is ever reached (R1),
 * also while a container changes its own layer.
 */

/** path_resolution(7): the kernel follows 40 links in one look-up. */
const MOST_LINKS = 40;
const FOLDER = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/** The folders of a root, the uppermost first. */
export function layerFolders(rootfs: Rootfs): readonly string[] {
  if (rootfs.kind === "folder") return [rootfs.path];
  const { upper, lower } = rootfs;
  return (upper === "" ? lower : [upper, ...lower]).map((name) => join(rootfs.folder, name));
}

/** The text of a file of the merged root, at most `limit` bytes; undefined when it is no regular file there. */
export function readInLayers(folders: readonly string[], path: string, limit: number): string | undefined {
  return withLookup(folders, path, (parent, name, stats) => {
    if (!stats.isFile()) return undefined;
    const file = openSync(
      beneath(parent, name),
      constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
    );
    try {
      if (!fstatSync(file).isFile()) return undefined;
      const buffer = Buffer.alloc(Math.min(stats.size, limit));
      return buffer.toString("utf8", 0, readSync(file, buffer, 0, buffer.length, 0));
    } finally {
      closeSync(file);
    }
  });
}

/** What the merged root has at a path; links in it are followed inside the root. */
export function statInLayers(folders: readonly string[], path: string): Stats | undefined {
  return withLookup(folders, path, (_, __, stats) => stats);
}

function withLookup<T>(
  folders: readonly string[],
  path: string,
  use: (parent: number, name: string, stats: Stats) => T,
): T | undefined {
  const held: number[] = [];
  try {
    const roots = folders.map((folder) => openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY));
    held.push(...roots);
    return walk(roots, path, held, use);
  } catch (cause) {
    // A container that renames its own files meanwhile finds nothing rather than something else.
    if (["ENOENT", "ENOTDIR", "ELOOP", "ENAMETOOLONG"].includes((cause as NodeJS.ErrnoException).code ?? ""))
      return undefined;
    throw cause;
  } finally {
    for (const descriptor of held) closeSync(descriptor);
  }
}

function walk<T>(
  roots: readonly number[],
  path: string,
  held: number[],
  use: (parent: number, name: string, stats: Stats) => T,
): T | undefined {
  const parents: (readonly number[])[] = [roots];
  const rest = path.split("/").filter((part) => part !== "" && part !== ".");
  for (let links = 0; rest.length > 0; ) {
    const name = rest.shift() ?? "";
    const here = parents.at(-1) ?? roots;
    if (name === "..") {
      if (parents.length > 1) parents.pop();
      continue;
    }
    const found = entryIn(here, name);
    if (found === undefined) return undefined;
    if (found.stats.isSymbolicLink()) {
      if (++links > MOST_LINKS) return undefined;
      const target = readlinkSync(beneath(found.parent, name));
      if (target.startsWith("/")) parents.length = 1;
      rest.unshift(...target.split("/").filter((part) => part !== "" && part !== "."));
    } else if (rest.length === 0) {
      return use(found.parent, name, found.stats);
    } else {
      const merged = mergedFolder(here, name);
      held.push(...merged);
      if (merged.length === 0) return undefined;
      parents.push(merged);
    }
  }
  const [top] = parents.at(-1) ?? roots;
  return top === undefined ? undefined : use(top, ".", fstatSync(top));
}

function entryIn(parents: readonly number[], name: string): { parent: number; stats: Stats } | undefined {
  for (const parent of parents) {
    const stats = lstatSync(beneath(parent, name), { throwIfNoEntry: false });
    if (stats === undefined) continue;
    return isWhiteout(stats) ? undefined : { parent, stats };
  }
  return undefined;
}

/** overlayfs.rst: folders of one name merge from the top down to the first that is opaque, or is not a folder. */
function mergedFolder(parents: readonly number[], name: string): number[] {
  const merged: number[] = [];
  for (const parent of parents) {
    const stats = lstatSync(beneath(parent, name), { throwIfNoEntry: false });
    if (stats === undefined) continue;
    if (!stats.isDirectory()) break;
    const folder = openSync(beneath(parent, name), FOLDER);
    merged.push(folder);
    if (isOpaque(folder)) break;
  }
  return merged;
}

function isWhiteout(stats: Stats): boolean {
  return stats.isCharacterDevice() && stats.rdev === 0;
}

function isOpaque(folder: number): boolean {
  return ["trusted.overlay.opaque", "user.overlay.opaque"].some((name) => {
    const value = readXattr(folder, name);
    return value?.length === 1 && value[0] === 0x79;
  });
}

function beneath(folder: number, name: string): string {
  return `/proc/self/fd/${folder}/${name}`;
}
