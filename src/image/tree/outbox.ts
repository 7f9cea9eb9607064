/** Frames on their way to the native side, gathered into large writes. */
import type { TreeEntry } from "./entry.ts";
import { bound, frame } from "./frames.ts";

const headerSize = 12;

/** A growing buffer of whole frames; `clear` keeps the memory. */
export class Outbox {
  private buffer = Buffer.allocUnsafeSlow(4096);
  private used = 0;
  private opened = 0;

  get length(): number {
    return this.used;
  }

  /** What was gathered; valid until the next change. */
  view(): Buffer {
    return this.buffer.subarray(0, this.used);
  }

  clear(): void {
    this.used = 0;
  }

  private reserve(n: number): void {
    if (this.used + n <= this.buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.buffer.length * 2, this.used + n));
    this.buffer.copy(larger, 0, 0, this.used);
    this.buffer = larger;
  }

  begin(type: number): void {
    this.reserve(headerSize);
    this.opened = this.used;
    this.buffer.writeUInt32LE(type, this.used + 4);
    this.buffer.writeUInt32LE(0, this.used + 8);
    this.used += headerSize;
  }

  end(): void {
    this.buffer.writeUInt32LE(this.used - this.opened - 4, this.opened);
  }

  u32(value: number): void {
    this.reserve(4);
    this.used = this.buffer.writeUInt32LE(value >>> 0, this.used);
  }

  i64(value: number): void {
    this.reserve(8);
    this.buffer.writeUInt32LE(value >>> 0, this.used);
    this.used = this.buffer.writeInt32LE(Math.floor(value / 2 ** 32), this.used + 4);
  }

  /** A byte string. */
  string(bytes: string): void {
    this.reserve(bytes.length + 5);
    this.u32(bytes.length);
    this.buffer.write(bytes, this.used, "latin1");
    this.used += bytes.length;
    this.buffer[this.used++] = 0;
  }

  bytes(bytes: Uint8Array): void {
    this.reserve(bytes.length + 5);
    this.u32(bytes.length);
    this.buffer.set(bytes, this.used);
    this.used += bytes.length;
    this.buffer[this.used++] = 0;
  }

  entry(e: TreeEntry): void {
    this.begin(frame.entry);
    for (const value of [e.kind, e.mode, e.uid, e.gid]) this.u32(value);
    this.i64(e.mtime.seconds);
    for (const value of [e.mtime.nanoseconds, e.major, e.minor]) this.u32(value);
    this.i64(e.size);
    this.string(e.path);
    this.string(e.target);
    this.u32(e.xattrs.length);
    for (const [name, value] of e.xattrs) {
      this.string(name);
      this.bytes(value);
    }
    this.end();
  }

  /** What the session's source has there stands for data. */
  range(offset: number, length: number): void {
    this.begin(frame.range);
    this.i64(offset);
    this.i64(length);
    this.end();
  }

  data(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += bound.dataFrame) {
      const part = bytes.subarray(at, at + bound.dataFrame);
      this.begin(frame.data);
      this.reserve(part.length);
      this.buffer.set(part, this.used);
      this.used += part.length;
      this.end();
    }
  }
}
