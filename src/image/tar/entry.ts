/** One entry of a tar: its own header, and what the headers before it said. */
import type { EntryTime, Xattr } from "../tree/entry.ts";
import { TarError } from "./error.ts";
import type { RawHeader } from "./header.ts";
import type { Pax } from "./pax.ts";

export type TarType = "file" | "hardlink" | "symlink" | "character" | "block" | "directory" | "fifo";

export interface TarEntry {
  readonly type: TarType;
  /** As the archive spells it. A byte string, like `linkName`. */
  readonly name: string;
  readonly linkName: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: EntryTime;
  readonly size: number;
  readonly major: number;
  readonly minor: number;
  readonly xattrs: readonly Xattr[];
}

/** What an entry of our own making begins with: root's, of 1970, without content. */
export const plainEntry = {
  linkName: "",
  ...{ uid: 0, gid: 0, mtime: { seconds: 0, nanoseconds: 0 } },
  ...{ size: 0, major: 0, minor: 0, xattrs: [] },
} as const satisfies Partial<TarEntry>;

export const tarBounds = {
  entries: 4_000_000,
  /** Bytes of one extended header: names, and extended attributes of at most 64 KiB each. */
  extendedHeader: 512 * 1024,
  id: 0xfffffffe,
} as const;

const types: Readonly<Record<string, TarType>> = {
  "0": "file",
  "\0": "file",
  "7": "file",
  "1": "hardlink",
  "2": "symlink",
  "3": "character",
  "4": "block",
  "5": "directory",
  "6": "fifo",
};

/** What headers before the entry's own one said about it. */
export interface Ahead {
  pax?: Pax;
  name?: string;
  linkName?: string;
}

function typeOf(header: RawHeader, name: string): TarType {
  const type = types[header.type];
  if (type === undefined) {
    const what =
      header.type === "S" ? "sparse files are" : `entries of type ${JSON.stringify(header.type)} are`;
    throw new TarError(`${JSON.stringify(name)}: ${what} not supported`);
  }
  // v7 tar had no type for folders.
  return type === "file" && name.endsWith("/") ? "directory" : type;
}

/** Throws TarError where a number is out of range or the type is none that a tree can hold. */
export function completeEntry(header: RawHeader, ahead: Ahead): TarEntry {
  const { pax } = ahead;
  const name = pax?.path ?? ahead.name ?? header.name;
  const type = typeOf(header, name);
  const size = pax?.size ?? header.size;
  const uid = pax?.uid ?? header.uid;
  const gid = pax?.gid ?? header.gid;
  if (size < 0) throw new TarError(`${JSON.stringify(name)}: its size is negative`);
  for (const id of [uid, gid]) {
    if (id < 0 || id > tarBounds.id)
      throw new TarError(`${JSON.stringify(name)}: its owner ${id} is out of range`);
  }
  return {
    type,
    name,
    linkName: pax?.linkpath ?? ahead.linkName ?? header.linkName,
    mode: header.mode & 0o7777,
    uid,
    gid,
    mtime: pax?.mtime ?? header.mtime,
    // Links, folders and nodes have no data, whatever their header says.
    size: type === "file" ? size : 0,
    major: header.major,
    minor: header.minor,
    xattrs: pax?.xattrs ?? [],
  };
}

/** The entry as no younger than so many seconds since 1970: for archives that are the same whenever they are made. */
export const noLater = (entry: TarEntry, latest: number): TarEntry =>
  entry.mtime.seconds < latest ? entry : { ...entry, mtime: { seconds: latest, nanoseconds: 0 } };
