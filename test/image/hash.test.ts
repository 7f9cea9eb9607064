import { expect, test } from "bun:test";
import { appendFileSync, mkdirSync, truncateSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { prepareCopy } from "../../src/build/copy/prepare.ts";
import { trailing } from "../../src/image/layout/trailing.ts";
import { lookAt } from "../../src/image/tree/look.ts";
import { digester, digestOf } from "../../src/oci/digest.ts";
import { request, source } from "../build/copy/fixture.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { native } from "./fixtures.ts";

test("files are hashed where they are, in the order in which they are asked for", async () => {
  using folder = temporaryFolder("hash");
  const texts = Array.from({ length: 300 }, (_, n) => `${n} `.repeat(n % 50 === 0 ? 400_000 : n));
  for (const [n, text] of texts.entries()) writeFileSync(join(folder.path, `f${n}`), text);
  await using look = await lookAt(native, { kind: "folder", path: folder.path });
  const found: { path: string; digest: string }[] = [];
  for await (const { entry, digest } of look.digests(texts.map((_, n) => `f${n}`)))
    found.push({ path: entry.path, digest });
  expect(found).toEqual(texts.map((text, n) => ({ path: `f${n}`, digest: digestOf(text) })));
});

test("what is no file has no digest", async () => {
  using folder = temporaryFolder("hash");
  mkdirSync(join(folder.path, "d"));
  for (const path of ["d", "none"]) {
    await using look = await lookAt(native, { kind: "folder", path: folder.path });
    await expect(Array.fromAsync(look.digests([path]))).rejects.toMatchObject({ code: "TREE_FAILED" });
  }
});

test("a file that somebody else fills is hashed as far as it is filled, and not beyond", async () => {
  using folder = temporaryFolder("hash");
  const path = join(folder.path, "blob");
  const text = (n: number) => `${n}`.repeat(700_000);
  writeFileSync(path, text(1));
  await using file = await open(path, "r");
  const hash = digester();
  const seen = trailing(file, hash);
  const reached = [seen.reach(1), seen.reach(600_000)];
  appendFileSync(path, text(2));
  await Promise.all([...reached, seen.reach(1_400_000)]);
  expect(seen.hashed).toBe(1_400_000);
  await expect(seen.reach(1_400_001)).rejects.toThrow("ends at 1400000 bytes");
  appendFileSync(path, text(3));
  expect(hash.digest()).toBe(digestOf(text(1) + text(2)));
});

test("nobody waits for a file of days once it is not wanted any more", async () => {
  using folder = temporaryFolder("hash");
  mkdirSync(join(folder.path, "d"));
  writeFileSync(join(folder.path, "d/large"), "");
  truncateSync(join(folder.path, "d/large"), 8 * 2 ** 40);
  const controller = new AbortController();
  const asked = request({ sources: [source(folder.path, "d")], destination: "/to/" });
  const preparing = prepareCopy(native, asked, controller.signal);
  setTimeout(() => controller.abort(new Error("not wanted")), 200);
  await expect(preparing).rejects.toThrow("not wanted");
});
