/**
 * Where the frames of a zstd stream end (RFC 8878, 3.1). The platform's decompressor takes a stream that stops in the
 * middle of one for a whole one, and gives what it has.
 */

/** Bytes of each head: a frame's magic number, the size of a skippable one, a frame's descriptor, a block's header. */
const headBytes = { magic: 4, size: 4, descriptor: 1, block: 3 } as const;

const dictionaryBytes = [0, 1, 2, 4];
const contentBytes = [0, 2, 4, 8];
const checksumBytes = 4;
const rle = 1;

export interface ZstdFrames {
  push(chunk: Uint8Array): void;
  /** Whether what came so far ends with a frame. */
  isWhole(): boolean;
}

export function zstdFrames(): ZstdFrames {
  const head = Buffer.alloc(4);
  let at: keyof typeof headBytes = "magic";
  let used = 0;
  let skip = 0;
  let checksum = 0;

  const takeHead = (): void => {
    if (at === "magic") at = head.readUInt32LE() >>> 4 === 0x184d2a5 ? "size" : "descriptor";
    else if (at === "size") [skip, at] = [head.readUInt32LE(), "magic"];
    else if (at === "descriptor") {
      const [flags, isSingle] = [head.readUInt8(), (head.readUInt8() & 0x20) !== 0];
      const content = flags >>> 6 === 0 && isSingle ? 1 : (contentBytes[flags >>> 6] ?? 0);
      skip = (isSingle ? 0 : 1) + (dictionaryBytes[flags & 3] ?? 0) + content;
      checksum = (flags & 4) === 0 ? 0 : checksumBytes;
      at = "block";
    } else {
      const header = head.readUIntLE(0, 3);
      skip = ((header >>> 1) & 3) === rle ? 1 : header >>> 3;
      if ((header & 1) !== 0) [skip, at] = [skip + checksum, "magic"];
    }
  };

  return {
    push(chunk) {
      for (let i = 0; i < chunk.length; ) {
        const passed = Math.min(skip, chunk.length - i);
        skip -= passed;
        i += passed;
        if (i === chunk.length) return;
        head[used++] = chunk[i++] ?? 0;
        if (used < headBytes[at]) continue;
        used = 0;
        takeHead();
      }
    },
    isWhole: () => at === "magic" && used === 0 && skip === 0,
  };
}
