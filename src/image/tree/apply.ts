/** Sends a stream of tar bytes to a tree session as entries. */
import type { TarEntry } from "../tar/entry.ts";
import { tarReader } from "../tar/reader.ts";
import { fromText, type TreeEntry } from "./entry.ts";
import { flag, frame } from "./frames.ts";
import type { TreeSession } from "./session.ts";

export interface ApplyOptions {
  /** Where in the root, relative (a byte string); a folder that is there. */
  readonly at?: string;
  /** Whiteouts become overlayfs's. */
  readonly layer?: boolean;
  /** A folder does not replace a file, nor a file a folder. */
  readonly keepKind?: boolean;
  /** Everything belongs to this user and group. */
  readonly owner?: { readonly uid: number; readonly gid: number };
  /** Blocks of zeros take no room on the disk. */
  readonly holes?: boolean;
  /** The tar is in this file, byte for byte: files' data is copied from there by the native side. */
  readonly source?: string | undefined;
  /** What an archive's entry becomes; undefined drops it with its data. */
  readonly convert: (entry: TarEntry) => TreeEntry | undefined;
}

/** Bytes of frames that are sent at once. */
export const flushAt = 256 * 1024;
const step = 512 * 1024;

/** What takes a tar's bytes; `close` waits for the native side and answers the number of entries. */
export interface TreeSink {
  write(chunk: Uint8Array): Promise<void>;
  /** Passes over data that comes next, at most so many bytes; answers how many. Only with a source, which has them. */
  skip(most: number): number;
  close(): Promise<number>;
}

export async function beginApply(session: TreeSession, options: ApplyOptions): Promise<TreeSink> {
  const { outbox } = session;
  const flags =
    (options.layer === true ? flag.layer : 0) |
    (options.keepKind === true ? flag.keepKind : 0) |
    (options.holes === true ? flag.holes : 0) |
    (options.owner === undefined ? 0 : flag.chown);
  const { source } = options;
  if (source !== undefined) {
    outbox.begin(frame.source);
    outbox.string(fromText(source));
    outbox.end();
    await session.flush();
    await session.done();
  }
  outbox.begin(frame.apply);
  outbox.string(options.at ?? "");
  for (const value of [flags, options.owner?.uid ?? 0, options.owner?.gid ?? 0]) outbox.u32(value);
  outbox.end();
  const done = session.done();
  let failure: unknown;
  done.catch((error: unknown) => {
    failure = error;
  });
  let dropping = false;
  /** What is read now, and where it lies in the tar. */
  let part: Uint8Array = new Uint8Array();
  let position = 0;
  const reader = tarReader({
    entry(e) {
      const entry = options.convert(e);
      dropping = entry === undefined;
      if (entry !== undefined) outbox.entry(entry);
    },
    data(bytes) {
      if (dropping) return;
      if (source === undefined) outbox.data(bytes);
      else outbox.range(position + bytes.byteOffset - part.byteOffset, bytes.length);
    },
  });
  return {
    async write(chunk) {
      for (let at = 0; at < chunk.length; at += step) {
        if (failure !== undefined) throw failure;
        part = chunk.subarray(at, at + step);
        reader.push(part);
        position += part.length;
        if (outbox.length >= flushAt) await session.flush();
      }
    },
    skip(most) {
      const n = reader.skip(most);
      if (n > 0 && !dropping) outbox.range(position, n);
      position += n;
      return n;
    },
    async close() {
      reader.end();
      outbox.begin(frame.end);
      outbox.end();
      await session.flush();
      return await done;
    },
  };
}
