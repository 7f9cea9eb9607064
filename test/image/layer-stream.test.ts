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
  for (const program of ["xz", "bzip2"])
    test.skipIf(Bun.which(program) === null)(`${program} is named, with what to do`, async () => {
      const bytes = Bun.spawnSync([program, "-c"], { stdin: text }).stdout;
      await expect(read(bytes, 3)).rejects.toMatchObject({
        code: "COMPRESSION_UNSUPPORTED",
        hint: expect.stringContaining(`${program} -dc`),
      });
    });
  test("a tar whose first file is called BZh9 is a tar", async () => {
    const archive = tar({ name: "BZh9", content: "x" });
    expect((await read(archive, 4)).equals(archive)).toBe(true);
  });
});
