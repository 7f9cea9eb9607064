import { expect, test } from "bun:test";
import { appendFileSync, mkdirSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { prepareCopy } from "../../src/build/copy/prepare.ts";
import { hashFile } from "../../src/image/tree/hash.ts";
import { lookAt } from "../../src/image/tree/look.ts";
import { digestOf } from "../../src/oci/digest.ts";
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

test("a file is hashed as far as it is filled, and not beyond", async () => {
  using folder = temporaryFolder("hash");
  const path = join(folder.path, "blob");
  writeFileSync(path, "one");
  await using hash = await hashFile(native, path);
  const reached = [hash.reach(1), hash.reach(3)];
  await Promise.all(reached);
  await expect(hash.reach(4)).rejects.toMatchObject({ code: "TREE_FAILED", errno: "ESTALE" });
  appendFileSync(path, "two");
  await hash.reach(6);
  appendFileSync(path, "three");
  expect(await hash.digest()).toBe(digestOf("onetwo"));
  expect(await hash.digest()).toBe(digestOf("onetwo"));
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
