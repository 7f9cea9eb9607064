import { createReadStream, readlinkSync, type Stats } from "node:fs";
import { pipeline } from "node:stream/promises";
import type { Header, Pack } from "tar-stream";

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Adds what lies at a path; a folder without its content. Sockets and devices are left out. */
export async function addEntry(
  tar: Pack,
  path: string,
  name: string,
  stat: Stats,
  owner: Owner,
): Promise<void> {
  const { uid, gid } = owner;
  const header = { name, mode: stat.mode & 0o7777, uid, gid, mtime: stat.mtime };
  if (stat.isDirectory()) return add(tar, { ...header, type: "directory" });
  if (stat.isSymbolicLink()) return add(tar, { ...header, type: "symlink", linkname: readlinkSync(path) });
  if (stat.isFIFO()) return add(tar, { ...header, type: "fifo" });
  if (!stat.isFile()) return;
  const entry = tar.entry({ ...header, type: "file", size: stat.size });
  // A file that grows meanwhile must not spoil the tar: what the header says is what follows.
  const end = stat.size - 1;
  await pipeline(end < 0 ? [] : createReadStream(path, { end, highWaterMark: 1 << 18 }), entry);
}

function add(tar: Pack, header: Partial<Header> & Pick<Header, "name">): Promise<void> {
  return new Promise((resolve, reject) => {
    tar.entry(header, (error) => (error ? reject(error) : resolve()));
  });
}
