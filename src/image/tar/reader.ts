/**
 * Reads a tar as it streams by, without trust: sizes, counts and headers are bounded, every number is checked, and
 * names and values stay bytes (a layer's security.capability is binary, and file names need not be UTF-8).
 */
import { type Ahead, completeEntry, type TarEntry, tarBounds } from "./entry.ts";
import { TarError } from "./error.ts";
import { blockSize, isZeroBlock, parseHeader } from "./header.ts";
import { parsePax } from "./pax.ts";

export interface TarSink {
  entry(entry: TarEntry): void;
  /** A part of the last entry's data, within the chunk that is pushed. */
  data(bytes: Uint8Array): void;
}

export interface TarReader {
  push(chunk: Uint8Array): void;
  /** Passes over what is left of the entry's data, at most so many bytes; answers how many, which are not to be pushed. */
  skip(most: number): number;
  /** Throws if the tar stopped in the middle of an entry. */
  end(): void;
}

function untilNul(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString("latin1", 0, end < 0 ? bytes.length : end);
}

const extensions = "xgLK";

export function tarReader(sink: TarSink): TarReader {
  const block = Buffer.alloc(blockSize);
  let blockUsed = 0;
  let left = 0; // of the entry's data
  let padding = 0;
  let extended: { type: string; body: Buffer; used: number } | undefined;
  let ahead: Ahead = {};
  let entries = 0;
  let zeroBlocks = 0;
  let ended = false;

  const takeExtended = (type: string, body: Buffer) => {
    if (type === "x") ahead.pax = parsePax(body);
    else if (type === "L") ahead.name = untilNul(body);
    else if (type === "K") ahead.linkName = untilNul(body);
    // "g" would change defaults of all later entries; docker passes it over as well.
  };

  const takeHeader = (bytes: Buffer) => {
    if (isZeroBlock(bytes)) {
      ended = ++zeroBlocks === 2;
      return;
    }
    zeroBlocks = 0;
    const header = parseHeader(bytes);
    if (++entries > tarBounds.entries) throw new TarError(`it has more than ${tarBounds.entries} entries`);
    if (extensions.includes(header.type)) {
      if (header.size < 0 || header.size > tarBounds.extendedHeader) {
        throw new TarError(
          `an extended header of ${header.size} bytes is beyond ${tarBounds.extendedHeader}`,
        );
      }
      padding = -header.size & (blockSize - 1);
      extended = { type: header.type, body: Buffer.allocUnsafe(header.size), used: 0 };
      return;
    }
    const entry = completeEntry(header, ahead);
    ahead = {};
    left = entry.size;
    padding = -entry.size & (blockSize - 1);
    sink.entry(entry);
  };

  // One step forward in the chunk; answers how many bytes it took.
  const step = (chunk: Buffer, at: number): number => {
    const there = chunk.length - at;
    if (extended !== undefined) {
      const n = Math.min(there, extended.body.length - extended.used);
      extended.used += chunk.copy(extended.body, extended.used, at, at + n);
      if (extended.used === extended.body.length) {
        const { type, body } = extended;
        extended = undefined;
        takeExtended(type, body);
      }
      return n;
    }
    if (left > 0) {
      const n = Math.min(there, left);
      left -= n;
      sink.data(chunk.subarray(at, at + n));
      return n;
    }
    if (padding > 0) {
      const n = Math.min(there, padding);
      padding -= n;
      return n;
    }
    if (blockUsed === 0 && there >= blockSize) {
      takeHeader(chunk.subarray(at, at + blockSize));
      return blockSize;
    }
    const n = Math.min(there, blockSize - blockUsed);
    blockUsed += chunk.copy(block, blockUsed, at, at + n);
    if (blockUsed === blockSize) {
      blockUsed = 0;
      takeHeader(block);
    }
    return n;
  };

  return {
    push(bytes) {
      const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      for (let at = 0; at < chunk.length && !ended; ) at += step(chunk, at);
    },
    skip(most) {
      const n = ended ? 0 : Math.min(left, most);
      left -= n;
      return n;
    },
    end() {
      if (ended) return;
      // The docker CLI's contexts end without the last entry's padding, and without what ends a tar.
      if (left > 0 || blockUsed > 0 || extended !== undefined) {
        throw new TarError("it stops in the middle of an entry");
      }
    },
  };
}
