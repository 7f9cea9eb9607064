import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { gzipped } from "../../src/image/members.ts";
import { chunks } from "./fixtures.ts";

/** Bytes that compress, the same each time, of which no two blocks are alike. */
function text(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; at += 64)
    bytes.write(createHash("sha256").update(String(at)).digest("hex"), at, "latin1");
  return bytes;
}

async function packed(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of gzipped(source, 1)) parts.push(part);
  return Buffer.concat(parts);
}

const mebi = 1 << 20;

test.each([0, 1, mebi, mebi + 1, 9 * mebi + 12_345])(
  "%d bytes come back from gzip itself, and from zlib",
  async (length) => {
    const content = text(length);
    // A chunk that is longer than a block, and chunks that end within one.
    for (const size of [70_001, 3 * mebi]) {
      const gz = await packed(chunks(content, size));
      expect(gunzipSync(gz).equals(content)).toBe(true);
      const { status, stdout } = spawnSync("gzip", ["-dc"], { input: gz, maxBuffer: 1 << 25 });
      expect(status).toBe(0);
      expect(stdout.equals(content)).toBe(true);
    }
  },
);

test("a chunk that its giver uses again is not looked at later", async () => {
  const content = text(6 * mebi);
  const one = Buffer.alloc(100_000);
  async function* reusing() {
    for (let at = 0; at < content.length; at += one.length) yield one.subarray(0, content.copy(one, 0, at));
  }
  expect(gunzipSync(await packed(reusing())).equals(content)).toBe(true);
});

test("what breaks the source is what is thrown", async () => {
  async function* broken() {
    yield text(3 * mebi);
    throw new Error("the disk is gone");
  }
  await expect(packed(broken())).rejects.toThrow("the disk is gone");
});
