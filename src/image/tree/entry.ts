import type { kind } from "./frames.ts";

export type EntryKind = (typeof kind)[keyof typeof kind];

/**
 * One object of a file tree, as layers and copies carry it. Paths and link targets are byte strings: every character
 * stands for one byte (latin1), since file names need not be UTF-8; `fromText` and `toText` convert.
 */
export interface TreeEntry {
  readonly kind: EntryKind;
  /** Relative, without "." and ".."; empty for the root itself. */
  readonly path: string;
  /** Of a symbolic link, verbatim; of a hard link, a path like `path`. */
  readonly target: string;
  /** Permission, set-id and sticky bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: EntryTime;
  /** Bytes of data that follow; 0 for all but regular files. */
  readonly size: number;
  readonly major: number;
  readonly minor: number;
  readonly xattrs: readonly Xattr[];
}

/** An entry that was read, with what tells its object from others, and from itself when it was changed. */
export interface SeenEntry extends TreeEntry {
  /** Device and inode. */
  readonly identity: string;
  /** When anything of it was last changed (st_ctime). */
  readonly changed: EntryTime;
}

export interface EntryTime {
  /** Since 1970; may be negative. */
  readonly seconds: number;
  readonly nanoseconds: number;
}

export type Xattr = readonly [name: string, value: Uint8Array];

/** A byte string of text (its UTF-8 bytes). */
export function fromText(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

/** Text of a byte string, for people; bytes that are not UTF-8 become U+FFFD. */
export function toText(bytes: string): string {
  return Buffer.from(bytes, "latin1").toString("utf8");
}
