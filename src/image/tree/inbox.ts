/** Frames from the native side. */
import { InroError } from "../../oci/error.ts";
import type { EntryKind, SeenEntry, TreeEntry, Xattr } from "./entry.ts";
import { frame } from "./frames.ts";

export interface Frame {
  readonly type: number;
  readonly payload: Buffer;
}

const maxFrame = 2 * 1024 * 1024;
const headerSize = 12;

function broken(why: string): never {
  throw new InroError("TREE_PROTOCOL", { what: "cannot work on a file tree", why });
}

/** Cuts what arrives into frames, without copying it; their payloads are the taker's to keep. Data comes in parts. */
export function frameCutter(): { push(chunk: Uint8Array): void; take(): Frame | undefined } {
  let chunk: Buffer = Buffer.alloc(0);
  let at = 0;
  /** Bytes of a data frame that are still to come. */
  let data = 0;
  const there = () => chunk.length - at;
  const cut = (n: number): Buffer => {
    at += n;
    return chunk.subarray(at - n, at);
  };
  return {
    push(bytes) {
      const next = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      // What is left is the beginning of a frame that is no data.
      chunk = there() === 0 ? next : Buffer.concat([chunk.subarray(at), next]);
      at = 0;
    },
    take() {
      if (data === 0) {
        if (there() < headerSize) return undefined;
        const length = chunk.readUInt32LE(at);
        if (length < 8 || length > maxFrame) broken(`the native side sent a frame of ${length} bytes`);
        const type = chunk.readUInt16LE(at + 4);
        if (type !== frame.data && there() < 4 + length) return undefined;
        at += headerSize;
        if (type !== frame.data) return { type, payload: cut(length - 8) };
        data = length - 8;
      }
      const payload = cut(Math.min(data, there()));
      data -= payload.length;
      return payload.length > 0 ? { type: frame.data, payload } : undefined;
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

  u64(): bigint {
    this.at += 8;
    return this.bytes.readBigUInt64LE(this.at - 8);
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

export const decodeEntry = (payload: Buffer): TreeEntry => entryAt(new Payload(payload));

export function decodeSeen(payload: Buffer): SeenEntry {
  const p = new Payload(payload);
  const entry = entryAt(p);
  const identity = `${p.u32()}:${p.u32()}:${p.u64()}`;
  return { ...entry, identity, changed: { seconds: p.i64(), nanoseconds: p.u32() } };
}

function entryAt(p: Payload): TreeEntry {
  const kind = p.u32() as EntryKind;
  const [mode, uid, gid] = [p.u32(), p.u32(), p.u32()];
  const mtime = { seconds: p.i64(), nanoseconds: p.u32() };
  const [major, minor] = [p.u32(), p.u32()];
  const [size, path, target] = [p.i64(), p.string(), p.string()];
  const xattrs: Xattr[] = [];
  while (p.u32() === 1) xattrs.push([p.string(), Uint8Array.from(p.raw())]);
  return { kind, mode, uid, gid, mtime, major, minor, size, path, target, xattrs };
}
