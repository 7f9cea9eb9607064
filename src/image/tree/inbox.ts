/** Frames from the native side. */
import { InroError } from "../../oci/error.ts";
import type { EntryKind, TreeEntry, Xattr } from "./entry.ts";

export interface Frame {
  readonly type: number;
  readonly payload: Buffer;
}

const maxFrame = 2 * 1024 * 1024;

function broken(why: string): never {
  throw new InroError("TREE_PROTOCOL", { what: "cannot work on a file tree", why });
}

/** Cuts a stream into frames. Ends quietly where the stream ends between two. */
export async function* framesOf(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Frame> {
  let pending: Buffer = Buffer.alloc(0);
  for await (const chunk of stream) {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    pending = pending.length === 0 ? bytes : Buffer.concat([pending, bytes]);
    let at = 0;
    while (pending.length - at >= 12) {
      const length = pending.readUInt32LE(at);
      if (length < 8 || length > maxFrame) broken(`the native side sent a frame of ${length} bytes`);
      if (pending.length - at < 4 + length) break;
      yield { type: pending.readUInt16LE(at + 4), payload: pending.subarray(at + 12, at + 4 + length) };
      at += 4 + length;
    }
    pending = pending.subarray(at);
  }
}

/** Reads a payload from its beginning. */
export class Payload {
  private readonly bytes: Buffer;
  private at = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  u32(): number {
    this.at += 4;
    return this.bytes.readUInt32LE(this.at - 4);
  }

  i64(): number {
    const low = this.u32();
    this.at += 4;
    return this.bytes.readInt32LE(this.at - 4) * 2 ** 32 + low;
  }

  raw(): Buffer {
    const length = this.u32();
    if (this.at + length + 1 > this.bytes.length) broken("the native side sent a string beyond its frame");
    this.at += length + 1;
    return this.bytes.subarray(this.at - length - 1, this.at - 1);
  }

  /** A byte string. */
  string(): string {
    return this.raw().toString("latin1");
  }
}

export function decodeEntry(payload: Buffer): TreeEntry {
  const p = new Payload(payload);
  const kind = p.u32() as EntryKind;
  const [mode, uid, gid] = [p.u32(), p.u32(), p.u32()];
  const mtime = { seconds: p.i64(), nanoseconds: p.u32() };
  const [major, minor] = [p.u32(), p.u32()];
  const [size, path, target] = [p.i64(), p.string(), p.string()];
  const xattrs: Xattr[] = [];
  while (p.u32() === 1) xattrs.push([p.string(), Uint8Array.from(p.raw())]);
  return { kind, mode, uid, gid, mtime, major, minor, size, path, target, xattrs };
}
