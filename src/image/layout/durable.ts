/** Files that are there wholly or not at all, also after a power cut: write, fsync, rename, fsync of the folder. */
import { randomBytes } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { diskFull } from "../../platform/disk-full.ts";

export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Replaces `path`, of mode 0600; until it is whole it is in `ingest`, a folder of the same file system that is emptied at open. */
export async function writeDurably(
  path: string,
  content: string | Uint8Array,
  ingest: string,
): Promise<void> {
  const fresh = join(ingest, randomBytes(8).toString("hex"));
  try {
    const file = await open(fresh, "wx", 0o600);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(fresh, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(fresh, { force: true });
    throw (
      diskFull(error, {
        what: `cannot write ${basename(path)}`,
        folder: dirname(path),
        needed: Buffer.byteLength(content),
      }) ?? error
    );
  }
}
