/** Random damage to tars and to compressed streams, which can be had again from its seed. */
import type { generator } from "../runtime/config-fuzz.ts";
import { blocksOf, type Item, tar } from "./fixtures.ts";

export type Random = ReturnType<typeof generator>;

const block = 512;

const text = (bytes: string) => Buffer.from(bytes, "latin1");

/** GNU's header for a name that is too long for the next one's. */
const long = (type: "L" | "K", name: string) => {
  const header = blocksOf({ name: "././@LongLink", content: name });
  header.write(type, 156, "latin1");
  return mended(header, 0);
};

/** Tars that hold everything that the reader knows, and what it refuses. */
export const tars: readonly Buffer[] = [
  tar(
    { name: "etc/", mode: 0o750 },
    { name: "etc/motd", content: "hello", mtime: { seconds: -2, nanoseconds: 750_000_000 } },
    { name: "etc/link", type: "symlink", linkName: "../../motd" },
    { name: "etc/hard", type: "hardlink", linkName: "etc/motd" },
    { name: "dev/null", type: "character", major: 1, minor: 3 },
    { name: "run/pipe", type: "fifo" },
    { name: ".wh.gone" },
    { name: "etc/.wh..wh..opq" },
  ),
  tar(
    { name: "x".repeat(200), content: "a".repeat(1500) },
    { name: "caps", content: "b", xattrs: [["security.capability", Buffer.alloc(20, 0xff)]] },
    {
      name: "far",
      content: "c",
      uid: 0xfffffffe,
      gid: 3_000_000,
      mtime: { seconds: 2 ** 40, nanoseconds: 5 },
    },
  ),
  tar(
    long("L", `${"d/".repeat(90)}file\0`),
    { name: "short", content: "e".repeat(700) },
    long("K", "target\0"),
    {
      name: "l",
      type: "symlink",
      linkName: "t",
    },
  ),
  tar(...Array.from({ length: 40 }, (_, i): Item => ({ name: `many/${i}`, content: "f".repeat(i * 37) }))),
];

/** What a header's number may be written as (POSIX ustar; GNU and star with the high bit set). */
const numbers = [
  "00000000000\0",
  "77777777777\0",
  "-1",
  "12x",
  "           \0",
  "\x80\0\0\0\0\0\0\0\0\0\0\x05",
  "\xff".repeat(12),
  `\x80${"\x7f".repeat(11)}`,
];
const names = [
  "..",
  "../../x",
  "/etc/passwd",
  "a/../b",
  ".wh.",
  ".wh...",
  ".wh..wh.plnk",
  "a//b",
  "",
  "\0",
  ".",
  "a/.wh.b/c",
];
const paxes = [
  "path=../up",
  "size=-1",
  "size=9007199254740993",
  "size=1",
  "uid=4294967295",
  "mtime=1e9",
  "GNU.sparse.major=1",
  "linkpath=\0",
  "SCHILY.xattr.trusted.overlay.redirect=/x",
  "=",
  "",
];

const fields: readonly (readonly [at: number, length: number, values: readonly string[]])[] = [
  [0, 100, names],
  [100, 8, numbers],
  [108, 8, numbers],
  [116, 8, numbers],
  [124, 12, numbers],
  [136, 12, numbers],
  [156, 1, [..."01234567SLKxgDVMN\0Z"]],
  [157, 100, names],
  [257, 8, ["ustar\0" + "00", "ustar  \0", "\0\0\0\0\0\0\0\0"]],
  [329, 8, numbers],
  [345, 155, names],
];

function mended(bytes: Buffer, at: number): Buffer {
  bytes.write("        ", at + 148, "latin1");
  let sum = 0;
  for (const byte of bytes.subarray(at, at + block)) sum += byte;
  bytes.write(`${sum.toString(8).padStart(6, "0")}\0 `, at + 148, "latin1");
  return bytes;
}

const one = <T>(random: Random, list: readonly T[]): T => list[random(list.length)] as T;

/** An extended header of its own, whose records may say anything. */
function pax(random: Random): Buffer {
  const record = one(random, paxes);
  const length = random(3) === 0 ? random(40) : record.length + 3 + (record.length + 3 > 9 ? 1 : 0);
  const bytes = blocksOf({ name: "PaxHeaders/x", content: text(`${length} ${record}\n`) });
  bytes.write("x", 156, "latin1");
  return mended(bytes, 0);
}

type Change = (bytes: Buffer, at: number, random: Random) => Buffer;

const changes: readonly Change[] = [
  (bytes, at, random) => {
    bytes[at + random(block)] = random(256);
    return random(2) === 0 ? bytes : mended(bytes, at);
  },
  (bytes, at, random) => {
    const [offset, length, values] = one(random, fields);
    bytes.fill(0, at + offset, at + offset + length);
    bytes.write(one(random, values).slice(0, length), at + offset, "latin1");
    return random(8) === 0 ? bytes : mended(bytes, at);
  },
  (bytes, at, random) => Buffer.concat([bytes.subarray(0, at), pax(random), bytes.subarray(at)]),
  (bytes, at, random) => Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + block * (1 + random(3)))]),
  (bytes, at, random) => {
    const other = one(random, tars);
    const from = block * random(other.length / block);
    return Buffer.concat([
      bytes.subarray(0, at),
      other.subarray(from, from + block * random(6)),
      bytes.subarray(at),
    ]);
  },
  (bytes, at) => Buffer.concat([bytes.subarray(0, at), bytes.subarray(at, at + block), bytes.subarray(at)]),
  (bytes, at, random) => bytes.subarray(0, at + random(block)),
];

/** A tar with one to four things changed: fields with their checksum mended, blocks moved, headers put in, an end too early. */
export function damagedTar(random: Random): Buffer {
  let bytes: Buffer = Buffer.from(one(random, tars));
  for (let n = 1 + random(4); n > 0 && bytes.length >= block; n--) {
    const at = block * random(Math.floor(bytes.length / block));
    bytes = one(random, changes)(Buffer.from(bytes), at, random);
  }
  return bytes;
}

/** Bytes changed, taken out, doubled or cut off anywhere. */
export function damagedBytes(whole: Uint8Array, random: Random): Buffer {
  const bytes = Buffer.from(whole);
  for (let n = 1 + random(3); n > 0; n--) {
    const at = random(bytes.length);
    if (random(3) === 0) bytes.copyWithin(at, random(bytes.length));
    else bytes[at] = random(256);
  }
  return random(4) === 0 ? bytes.subarray(0, random(bytes.length)) : bytes;
}

/** The bytes in pieces, of one byte up to all. */
export function* pieces(bytes: Buffer, random: Random): Generator<Buffer> {
  const most = one(random, [1, 7, 511, 512, 700, 65_536]);
  for (let at = 0; at < bytes.length; ) {
    const n = 1 + random(most);
    yield bytes.subarray(at, at + n);
    at += n;
  }
}
