/** Sends a stream of tar bytes to a tree session as entries. */
import type { TarEntry } from "../tar/entry.ts";
import { tarReader } from "../tar/reader.ts";
import type { TreeEntry } from "./entry.ts";
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
  /** What an archive's entry becomes; undefined drops it with its data. */
  readonly convert: (entry: TarEntry) => TreeEntry | undefined;
}

const flushAt = 256 * 1024;
const step = 512 * 1024;

/** What takes a tar's bytes; `close` waits for the native side and answers the number of entries. */
export interface TreeSink {
  write(chunk: Uint8Array): Promise<void>;
  close(): Promise<number>;
}

export function beginApply(session: TreeSession, options: ApplyOptions): TreeSink {
  const { outbox } = session;
  const flags =
    (options.layer === true ? flag.layer : 0) |
    (options.keepKind === true ? flag.keepKind : 0) |
    (options.owner === undefined ? 0 : flag.chown);
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
  const reader = tarReader({
    entry(e) {
      const entry = options.convert(e);
      dropping = entry === undefined;
      if (entry !== undefined) outbox.entry(entry);
    },
    data(bytes) {
      if (!dropping) outbox.data(bytes);
    },
  });
  return {
    async write(chunk) {
      for (let at = 0; at < chunk.length; at += step) {
        if (failure !== undefined) throw failure;
        reader.push(chunk.subarray(at, at + step));
        if (outbox.length >= flushAt) await session.flush();
      }
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
