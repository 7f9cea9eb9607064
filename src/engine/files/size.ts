import type { Stats } from "node:fs";
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Rootfs } from "../../oci/rootfs.ts";
import type { Core } from "../core.ts";

/** Bytes that what a container wrote takes on the disk; what is its image's is not counted. */
export async function writtenSize(core: Core, rootfs: Rootfs): Promise<number> {
  if (rootfs.kind === "overlay") return treeSize(join(rootfs.folder, rootfs.upper));
  const bytes = counter();
  let sum = 0;
  for await (const { path, deleted } of core.trees.changes(rootfs))
    if (!deleted) sum += bytes(await look(join(rootfs.path, path)));
  return sum;
}

/** Bytes that a folder's files take on the disk; a file with several names counts once. Links are not followed. */
export async function treeSize(folder: string): Promise<number> {
  const bytes = counter();
  const measure = async (path: string): Promise<number> => {
    const stats = await look(path);
    let sum = bytes(stats);
    if (stats?.isDirectory() !== true) return sum;
    for (const name of await readdir(path).catch(() => [])) sum += await measure(join(path, name));
    return sum;
  };
  return measure(folder);
}

const look = (path: string): Promise<Stats | undefined> => lstat(path).catch(() => undefined);

/** Bytes of an object; none of a folder (moby, directory.Size), nor of a file that came before under another name. */
function counter(): (stats: Stats | undefined) => number {
  const seen = new Set<string>();
  return (stats) => {
    if (stats === undefined || stats.isDirectory()) return 0;
    const identity = `${stats.dev}:${stats.ino}`;
    if (stats.nlink > 1 && seen.has(identity)) return 0;
    seen.add(identity);
    return stats.blocks * 512;
  };
}
