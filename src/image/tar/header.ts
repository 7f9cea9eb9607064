/** Blocks of 512 bytes that begin an entry: POSIX.1-1988 ustar, GNU's variant, and the old v7 form. */
import type { EntryTime } from "../tree/entry.ts";
import { TarError } from "./error.ts";

export const blockSize = 512;

export interface RawHeader {
  readonly type: string;
  readonly name: string;
  readonly linkName: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtime: EntryTime;
  readonly major: number;
  readonly minor: number;
}

function textAt(block: Buffer, offset: number, length: number): string {
  const end = block.indexOf(0, offset);
  return block.toString("latin1", offset, end < 0 || end > offset + length ? offset + length : end);
}

// Octal digits, blanks and NULs around them; or, with the first byte's high bit, a big-endian two's complement
// number (GNU, star). `parseInt` alone would take "12x" for 10.
function numberAt(block: Buffer, offset: number, length: number, field: string): number {
  const first = block[offset] ?? 0;
  if (first & 0x80) return binaryAt(block, offset, length, field);
  let value = 0;
  for (let i = offset; i < offset + length; i++) {
    const c = block[i] ?? 0;
    if (c >= 0x30 && c <= 0x37) value = value * 8 + (c - 0x30);
    else if (c !== 0x20 && c !== 0) throw new TarError(`the ${field} of a header is no number`);
    else if (value > 0 || (c === 0 && i > offset)) break;
  }
  return value;
}

function binaryAt(block: Buffer, offset: number, length: number, field: string): number {
  let value = BigInt(block[offset] ?? 0) & 0x7fn;
  for (let i = offset + 1; i < offset + length; i++) value = (value << 8n) | BigInt(block[i] ?? 0);
  const bits = BigInt(length * 8 - 1);
  if (value >> (bits - 1n)) value -= 1n << bits;
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw new TarError(`the ${field} of a header is out of range`);
  return number;
}

function checkSum(block: Buffer): void {
  let unsigned = 8 * 0x20;
  let signed = unsigned;
  for (let i = 0; i < blockSize; i++) {
    if (i === 148) i = 156;
    const byte = block[i] ?? 0;
    unsigned += byte;
    signed += byte > 127 ? byte - 256 : byte;
  }
  const told = numberAt(block, 148, 8, "checksum");
  if (told !== unsigned && told !== signed)
    throw new TarError("a header's checksum is wrong: no tar, or a damaged one");
}

export function isZeroBlock(block: Buffer): boolean {
  for (let i = 0; i < blockSize; i++) if (block[i] !== 0) return false;
  return true;
}

/** Whether a tar could begin with these bytes. */
export function isTarHeader(block: Buffer): boolean {
  try {
    parseHeader(block);
    return !isZeroBlock(block);
  } catch {
    return false;
  }
}

export function parseHeader(block: Buffer): RawHeader {
  checkSum(block);
  const magic = block.toString("latin1", 257, 263);
  const posix = magic === "ustar\0";
  const prefix = posix ? textAt(block, 345, 155) : "";
  const name = textAt(block, 0, 100);
  const nodes = posix || magic === "ustar ";
  return {
    type: block.toString("latin1", 156, 157),
    name: prefix === "" ? name : `${prefix}/${name}`,
    linkName: textAt(block, 157, 100),
    mode: numberAt(block, 100, 8, "mode"),
    uid: numberAt(block, 108, 8, "uid"),
    gid: numberAt(block, 116, 8, "gid"),
    size: numberAt(block, 124, 12, "size"),
    mtime: { seconds: numberAt(block, 136, 12, "mtime"), nanoseconds: 0 },
    major: nodes ? numberAt(block, 329, 8, "device number") : 0,
    minor: nodes ? numberAt(block, 337, 8, "device number") : 0,
  };
}
