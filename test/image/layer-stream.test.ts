import { describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { constants, gzipSync, zstdCompressSync } from "node:zlib";
import { decompressed } from "../../src/image/layer-stream.ts";
import { chunks, tar } from "./fixtures.ts";

const text = Buffer.from("a layer's tar ".repeat(10_000));
const half = text.length / 2;
const parts = [text.subarray(0, half), text.subarray(half)];

/** RFC 8878, 3.1.2: what a decoder passes over; zstd:chunked keeps its table of contents in one. */
function skippable(content: string): Buffer {
  const frame = Buffer.alloc(8 + content.length);
  frame.writeUInt32LE(0x184d2a50, 0);
  frame.writeUInt32LE(content.length, 4);
  frame.write(content, 8);
  return frame;
}

async function read(bytes: Uint8Array, size: number): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const chunk of decompressed(chunks(bytes, size))) all.push(Buffer.from(chunk));
  return Buffer.concat(all);
}

const forms: Readonly<Record<string, Buffer>> = {
  plain: text,
  gzip: gzipSync(text),
  "gzip of several members": Buffer.concat(parts.map((part) => gzipSync(part))),
  zstd: zstdCompressSync(text),
  "zstd of several frames": Buffer.concat(parts.map((part) => zstdCompressSync(part))),
  "zstd:chunked": Buffer.concat([
    ...parts.map((part) => zstdCompressSync(part)),
    skippable("the table of contents"),
    skippable("the footer"),
  ]),
};

describe("a layer's stream is decompressed whatever it is", () => {
  for (const [name, bytes] of Object.entries(forms))
    test(name, async () => {
      for (const size of [1, 4096, bytes.length]) expect((await read(bytes, size)).equals(text)).toBe(true);
    });
  const noise = randomBytes(400_000);
  const early: Readonly<Record<string, Buffer>> = {
    ...{ gzip: gzipSync(text), zstd: zstdCompressSync(text), "zstd of noise": zstdCompressSync(noise) },
    "zstd with a checksum": zstdCompressSync(noise, { params: { [constants.ZSTD_c_checksumFlag]: 1 } }),
    "a skippable frame": Buffer.concat([zstdCompressSync(text), skippable("a long table of contents")]),
  };
  for (const [name, bytes] of Object.entries(early))
    test(`${name} that ends early is damaged, and says so`, async () => {
      await read(bytes, 1000);
      for (const cut of [1, 2, 5, 9, bytes.length >> 1])
        await expect(read(bytes.subarray(0, bytes.length - cut), 1000)).rejects.toMatchObject({
          code: "LAYER_DAMAGED",
        });
    });
  test.skipIf(Bun.which("xz") === null)(
    "xz, whole and in several streams; damaged where it is cut or changed",
    async () => {
      const xz = (bytes: Uint8Array, ...words: string[]) =>
        Bun.spawnSync(["xz", "-c", ...words], { stdin: bytes }).stdout;
      const bytes = xz(text);
      for (const size of [1, 100, bytes.length]) expect((await read(bytes, size)).equals(text)).toBe(true);
      const several = Buffer.concat(parts.map((part) => xz(part)));
      expect((await read(several, 1000)).equals(text)).toBe(true);
      const changed = Buffer.from(xz(noise));
      changed[changed.length >> 1] = (changed[changed.length >> 1] ?? 0) ^ 1;
      const wrong = [
        changed,
        xz(text, "--lzma2=dict=1GiB"),
        ...[1, 9, bytes.length >> 1].map((cut) => bytes.subarray(0, -cut)),
      ];
      for (const each of wrong)
        await expect(read(each, 1000)).rejects.toMatchObject({ code: "LAYER_DAMAGED" });
      // One that is not read to its end does not keep the next from being read.
      for await (const _ of decompressed(chunks(xz(noise), 1000))) break;
      expect((await read(bytes, 1000)).equals(text)).toBe(true);
    },
  );
  test.skipIf(Bun.which("bzip2") === null)("bzip2 is named, with what to do", async () => {
    const bytes = Bun.spawnSync(["bzip2", "-c"], { stdin: text }).stdout;
    await expect(read(bytes, 3)).rejects.toMatchObject({
      code: "COMPRESSION_UNSUPPORTED",
      hint: expect.stringContaining("bzip2 -dc"),
    });
  });
  test("a tar whose first file is called BZh9 is a tar", async () => {
    const archive = tar({ name: "BZh9", content: "x" });
    expect((await read(archive, 4)).equals(archive)).toBe(true);
  });
});
