import { createReadStream, lstatSync, readdirSync, readlinkSync, type Stats, statSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { type Header, type Pack, pack } from "tar-stream";

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
  const work = addEntry(tar, path, options.name, stat);
  work.then(
    () => tar.finalize(),
    (error: Error) => tar.destroy(error),
  );
  return tar as AsyncIterable<Uint8Array>;
}

function header(name: string, stat: Stats): Partial<Header> & Pick<Header, "name"> {
  const { uid, gid, mtime } = stat;
  return { name, mode: stat.mode & 0o7777, uid, gid, mtime };
}

async function addEntry(tar: Pack, path: string, name: string, stat: Stats): Promise<void> {
  if (stat.isDirectory()) {
    await add(tar, { ...header(name, stat), type: "directory" });
    for (const child of readdirSync(path).sort()) {
      const childPath = join(path, child);
      await addEntry(tar, childPath, name === "." ? child : `${name}/${child}`, lstatSync(childPath));
    }
  } else if (stat.isSymbolicLink()) {
    await add(tar, { ...header(name, stat), type: "symlink", linkname: readlinkSync(path) });
  } else if (stat.isFile()) {
    const entry = tar.entry({ ...header(name, stat), type: "file", size: stat.size });
    // A file that grows meanwhile must not spoil the tar: what the header says is what follows.
    const end = stat.size - 1;
    await pipeline(end < 0 ? [] : createReadStream(path, { end, highWaterMark: 1 << 18 }), entry);
  } else if (stat.isFIFO()) await add(tar, { ...header(name, stat), type: "fifo" });
}

function add(tar: Pack, entry: Partial<Header> & Pick<Header, "name">): Promise<void> {
  return new Promise((resolve, reject) => {
    tar.entry(entry, (error) => (error ? reject(error) : resolve()));
  });
}
