/** A build's context as a tar, for an engine that cannot read it where it lies. */
import { createReadStream, lstatSync, readdirSync, readlinkSync, type Stats } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { type Header, type Pack, pack } from "tar-stream";
import type { InlineDockerfile } from "./context.ts";

export interface PackedContext {
  /** Null: no files but the Dockerfile. */
  readonly folder: string | null;
  readonly dockerfile: InlineDockerfile | null;
}

/** The name of a Dockerfile in the tar that is none of the context's files. */
export const inlineName = (pid = process.pid): string => `.dockerfile.${pid}`;

/** Everything belongs to root, as it does in what is copied out of a context. */
export function packContext({ folder, dockerfile }: PackedContext): AsyncIterable<Uint8Array> {
  const tar = pack();
  const work = async () => {
    if (folder !== null) await addFolder(tar, folder, "");
    if (dockerfile !== null) await addText(tar, inlineName(), dockerfile.text);
    tar.finalize();
  };
  work().catch((error: Error) => tar.destroy(error));
  return tar as AsyncIterable<Uint8Array>;
}

async function addFolder(tar: Pack, root: string, folder: string): Promise<void> {
  for (const child of readdirSync(join(root, folder)).sort()) {
    const name = folder === "" ? child : `${folder}/${child}`;
    const stat = lstatSync(join(root, name), { throwIfNoEntry: false });
    if (stat === undefined) continue;
    if (stat.isDirectory()) {
      await add(tar, { ...header(name, stat), type: "directory" });
      await addFolder(tar, root, name);
    } else await addFile(tar, join(root, name), name, stat);
  }
}

async function addFile(tar: Pack, path: string, name: string, stat: Stats): Promise<void> {
  if (stat.isSymbolicLink())
    return add(tar, { ...header(name, stat), type: "symlink", linkname: readlinkSync(path) });
  if (!stat.isFile()) return;
  const entry = tar.entry({ ...header(name, stat), type: "file", size: stat.size });
  // A file that grows meanwhile must not spoil the tar: what the header says is what follows.
  const end = stat.size - 1;
  await pipeline(end < 0 ? [] : createReadStream(path, { end, highWaterMark: 1 << 18 }), entry);
}

const addText = (tar: Pack, name: string, text: string): Promise<void> =>
  new Promise((resolve, reject) => {
    tar.entry({ name, mode: 0o600, uid: 0, gid: 0 }, text, (error) => (error ? reject(error) : resolve()));
  });

const header = (name: string, { mode, mtime }: Stats): Pick<Header, "name"> & Partial<Header> => ({
  ...{ name, mode: mode & 0o7777, uid: 0, gid: 0, mtime },
});

function add(tar: Pack, entry: Partial<Header> & Pick<Header, "name">): Promise<void> {
  return new Promise((resolve, reject) => {
    tar.entry(entry, (error) => (error ? reject(error) : resolve()));
  });
}
