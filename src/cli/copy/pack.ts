import { lstatSync, readdirSync, type Stats, statSync } from "node:fs";
import { join } from "node:path";
import { type Pack, pack } from "tar-stream";
import { addEntry } from "./entry.ts";

export interface PackOptions {
  /** The name of the top entry in the tar; `.` packs a folder's content. */
  readonly name: string;
  /** A link at the top is followed; those within are links in the tar too. */
  readonly followTop: boolean;
}

/** A file or folder of this machine as a tar; sockets are left out. */
export function packPath(path: string, options: PackOptions): AsyncIterable<Uint8Array> {
  const tar = pack();
  const stat = options.followTop ? statSync(path) : lstatSync(path);
  const work = addTree(tar, path, options.name, stat);
  work.then(
    () => tar.finalize(),
    (error: Error) => tar.destroy(error),
  );
  return tar as AsyncIterable<Uint8Array>;
}

async function addTree(tar: Pack, path: string, name: string, stat: Stats): Promise<void> {
  await addEntry(tar, path, name, stat, stat);
  if (!stat.isDirectory()) return;
  for (const child of readdirSync(path).sort()) {
    const childPath = join(path, child);
    await addTree(tar, childPath, name === "." ? child : `${name}/${child}`, lstatSync(childPath));
  }
}
