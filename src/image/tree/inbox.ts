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

/** Cuts what arrives into frames; their payloads are the taker's to keep. */
export function frameCutter(): { push(chunk: Uint8Array): void; take(): Frame | undefined } {
  let buffer = Buffer.allocUnsafeSlow(512 * 1024);
  let start = 0;
  let end = 0;
  return {
    push(chunk) {
      if (end + chunk.length > buffer.length) {
        const there = end - start;
        // Never in place: payloads that were handed on may still be on their way somewhere.
        const room = Buffer.allocUnsafeSlow(Math.max(buffer.length, 2 * (there + chunk.length)));
        buffer.copy(room, 0, start, end);
        buffer = room;
        [start, end] = [0, there];
      }
      buffer.set(chunk, end);
      end += chunk.length;
    },
    take() {
      if (end - start < 12) return undefined;
      const length = buffer.readUInt32LE(start);
      if (length < 8 || length > maxFrame) broken(`the native side sent a frame of ${length} bytes`);
      if (end - start < 4 + length) return undefined;
      const type = buffer.readUInt16LE(start + 4);
      const payload = buffer.subarray(start + 12, start + 4 + length);
      start += 4 + length;
      return { type, payload };
    },
  };
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
