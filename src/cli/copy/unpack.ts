import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  futimesSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { type Extract, extract, type Header } from "tar-stream";

export interface UnpackOptions {
  /** Beneath it everything is made; it exists. */
  readonly folder: string;
  /** Puts another first part in the place of the entries' own: `rename("etc/passwd")`. */
  readonly rename: (name: string) => string;
  readonly keepOwner: boolean;
  /** Told of a device, which is left out; without it one is refused. */
  readonly skipped?: (name: string, type: string) => void;
}

const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;

/**
 * Writes a container's files onto this machine. The tar's names come from the container, which we do not trust: no
 * name may lead out of the folder, and none is followed through a link, whoever made it (CVE-2018-15664's kind).
 */
export async function unpack(tar: AsyncIterable<Uint8Array>, options: UnpackOptions): Promise<void> {
  const reader = extract();
  const feed = feedAll(tar, reader);
  feed.catch((error: Error) => reader.destroy(error));
  const folders: (readonly [string, Header])[] = [];
  for await (const entry of reader) {
    const path = safePath(options.folder, options.rename(entry.header.name));
    if (entry.header.type === "directory") folders.push([path, entry.header]);
    await writeEntry(path, entry, options);
  }
  await feed;
  // A folder's own mode and time come last: it may be read-only, and writing in it changes its time.
  for (const [path, { mode, mtime }] of folders.reverse()) {
    if (mode !== undefined) chmodSync(path, mode & 0o7777);
    if (mtime !== undefined) utimesSync(path, mtime, mtime);
  }
}

type Entry = Extract extends AsyncIterable<infer E> ? E : never;

async function feedAll(tar: AsyncIterable<Uint8Array>, reader: Extract): Promise<void> {
  for await (const part of tar)
    if (!reader.write(part)) await new Promise<void>((resolve) => reader.once("drain", () => resolve()));
  reader.end(new Uint8Array(0));
}

function safePath(folder: string, name: string): string {
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) throw new Error(`the archive's entry "${name}" leads out of its folder: refused`);
  let path = folder;
  for (const part of parts.slice(0, -1)) {
    path = join(path, part);
    if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink())
      throw new Error(`the archive's entry "${name}" leads through the link "${path}": refused`);
  }
  return join(folder, ...parts);
}

async function writeEntry(path: string, entry: Entry, options: UnpackOptions): Promise<void> {
  const { header } = entry;
  if (header.type === "directory") makeFolder(path);
  else {
    mkdirSync(dirname(path), { recursive: true });
    clear(path);
    if (header.type === "file" || header.type === "contiguous-file") {
      await writeFile(path, entry, options);
      return;
    }
    if (header.type === "symlink") symlinkSync(header.linkname ?? "", path);
    else if (header.type === "link")
      linkSync(safePath(options.folder, options.rename(header.linkname ?? "")), path);
    else if (options.skipped === undefined)
      throw new Error(`cannot copy "${header.name}": it is a ${header.type}`);
    else {
      options.skipped(header.name, header.type ?? "");
      return void entry.resume();
    }
  }
  if (options.keepOwner && header.type !== "link") lchownSync(path, header.uid ?? 0, header.gid ?? 0);
  entry.resume();
}

function makeFolder(path: string): void {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat?.isDirectory()) return;
  if (stat !== undefined) throw new Error(`cannot make the folder "${path}": a file is in its place`);
  mkdirSync(path, { recursive: true });
}

/** What is there already makes way, but for a folder. */
function clear(path: string): void {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat?.isDirectory()) throw new Error(`cannot write the file "${path}": a folder is in its place`);
  if (stat !== undefined) rmSync(path);
}

async function writeFile(path: string, entry: Entry, { keepOwner }: UnpackOptions): Promise<void> {
  const { mode, mtime, uid, gid } = entry.header;
  const descriptor = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    for await (const part of entry as AsyncIterable<Uint8Array>)
      for (let rest = part; rest.length > 0; ) rest = rest.subarray(writeSync(descriptor, rest));
    if (keepOwner) fchownSync(descriptor, uid ?? 0, gid ?? 0);
    fchmodSync(descriptor, (mode ?? 0o644) & 0o7777);
    if (mtime !== undefined) futimesSync(descriptor, mtime, mtime);
  } finally {
    closeSync(descriptor);
  }
}
