/** Hashes a file that somebody else fills, in order, as far as it is filled. */
import type { FileHandle } from "node:fs/promises";
import type { Digester } from "../../oci/digest.ts";

export interface Trailing {
  /** Of the file's first bytes so many were hashed. */
  readonly hashed: number;
  /** Bytes that follow those, on their way into the file. */
  update(bytes: Uint8Array): void;
  /** Up to there the file is filled; resolves when it is hashed up to there. */
  reach(end: number): Promise<void>;
  /** When nothing of it is read any more, however that ended. */
  idle(): Promise<void>;
}

/** Bytes that are read at once. One half is hashed while the other is read. */
const READ_AT = 512 * 1024;

export function trailing(file: FileHandle, hash: Digester): Trailing {
  let hashed = 0;
  let filled = 0;
  let running: Promise<void> | undefined;

  const read = async (at: number, into: Buffer) => {
    const { bytesRead } = await file.read(into, 0, Math.min(READ_AT, filled - at), at);
    if (bytesRead === 0) throw new Error(`a blob ends at ${at} bytes, before what was written to it`);
    return into.subarray(0, bytesRead);
  };
  let buffers: [Buffer, Buffer] | undefined;
  const run = async () => {
    buffers ??= [Buffer.allocUnsafeSlow(READ_AT), Buffer.allocUnsafeSlow(READ_AT)];
    let [into, other] = buffers;
    let next: Promise<Buffer> | undefined;
    while (hashed < filled) {
      const bytes = await (next ?? read(hashed, into));
      [into, other] = [other, into];
      const end = hashed + bytes.length;
      next = end < filled ? read(end, into) : undefined;
      next?.catch(() => {});
      hash.update(bytes);
      hashed = end;
    }
  };
  return {
    get hashed() {
      return hashed;
    },
    update(bytes) {
      hash.update(bytes);
      hashed += bytes.length;
    },
    async reach(end) {
      filled = Math.max(filled, end);
      while (hashed < end) {
        running ??= run().finally(() => {
          running = undefined;
        });
        await running;
      }
    },
    idle: async () => void (await running?.catch(() => {})),
  };
}
