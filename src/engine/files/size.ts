import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";

/** Bytes that a folder's files take on the disk; a file with several names counts once. Links are not followed. */
export async function treeSize(folder: string): Promise<number> {
  const seen = new Set<string>();
  const measure = async (path: string): Promise<number> => {
    const stats = await lstat(path).catch(() => undefined);
    if (stats === undefined) return 0;
    const own = stats.blocks * 512;
    if (stats.isDirectory()) {
      let sum = own;
      for (const name of await readdir(path).catch(() => [])) sum += await measure(join(path, name));
      return sum;
    }
    const identity = `${stats.dev}:${stats.ino}`;
    if (stats.nlink > 1 && seen.has(identity)) return 0;
    seen.add(identity);
    return own;
  };
  return measure(folder);
}
