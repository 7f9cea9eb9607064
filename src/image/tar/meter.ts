/** Counts the bytes of the files in a plain tar of ours (writer.ts) as it passes by: of headers only type and size are looked at. */
import { closeSync, openSync, readSync } from "node:fs";
import { blockSize } from "./header.ts";

export interface TarMeter {
  see(chunk: Uint8Array): void;
  /** What follows and holds nothing that counts: so many bytes need not be seen. */
  pass(): number;
  /** So many bytes of a file's data went by unseen. */
  skip(length: number): void;
  readonly bytes: number;
}

const FILE = 0x30;
const EXTENDED = 0x78;
const padded = (size: number) => size + (-size & (blockSize - 1));

export function tarMeter(): TarMeter {
  const held = Buffer.alloc(blockSize);
  let used = 0;
  let data = 0;
  let bytes = 0;
  /** The body of an extended header, and how many bytes of its blocks are to come. */
  let extended = "";
  let body = 0;

  const takeHeader = (block: Buffer) => {
    const type = block[156];
    const said = Number.parseInt(block.toString("latin1", 124, 135), 8) || 0;
    if (type === EXTENDED) {
      body = padded(said);
      return;
    }
    const size = Number(/\d+ size=(\d+)\n/.exec(extended)?.[1] ?? said);
    extended = "";
    if (type === FILE) bytes += size;
    data = padded(size);
  };

  const step = (chunk: Buffer, at: number): number => {
    const there = chunk.length - at;
    if (data > 0) {
      const passed = Math.min(there, data);
      data -= passed;
      return passed;
    }
    if (body > 0) {
      const read = Math.min(there, body);
      extended += chunk.toString("latin1", at, at + read);
      body -= read;
      return read;
    }
    if (used === 0 && there >= blockSize) {
      takeHeader(chunk.subarray(at, at + blockSize));
      return blockSize;
    }
    const read = Math.min(there, blockSize - used);
    used += chunk.copy(held, used, at, at + read);
    if (used === blockSize) {
      used = 0;
      takeHeader(held);
    }
    return read;
  };

  return {
    see(part) {
      const chunk = Buffer.from(part.buffer, part.byteOffset, part.byteLength);
      for (let at = 0; at < chunk.length; ) at += step(chunk, at);
    },
    pass() {
      const ahead = data;
      data = 0;
      return ahead;
    },
    skip(length) {
      data -= length;
    },
    get bytes() {
      return bytes;
    },
  };
}

const LOOK = 64 * 1024;

/** Of a file that is one; its data is passed over. */
export function measureTar(path: string): number {
  const meter = tarMeter();
  const file = openSync(path, "r");
  try {
    const buffer = Buffer.allocUnsafe(LOOK);
    for (let at = 0, read = 1; read > 0; at += read + meter.pass()) {
      read = readSync(file, buffer, 0, LOOK, at);
      meter.see(buffer.subarray(0, read));
    }
    return meter.bytes;
  } finally {
    closeSync(file);
  }
}
