import { expect, test } from "bun:test";
import { appendFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { prepareCopy } from "../../../src/build/copy/prepare.ts";
import { openBlobs, openIngest } from "../../../src/image/layout/blobs.ts";
import { digestOf } from "../../../src/oci/digest.ts";
import { native } from "../../image/fixtures.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import { bytesOf, listed, plant, request, source } from "./fixture.ts";

const large = (seed: string, bytes: number) => seed.repeat(Math.ceil(bytes / seed.length)).slice(0, bytes);

test("large files are moved past this process, small ones beside them; the digest is that of all of it, in order", async () => {
  using folder = temporaryFolder("copy");
  const files: Record<string, string> = {};
  for (let n = 0; n < 40; n++)
    files[`d/${String(n).padStart(2, "0")}`] = large(`${n} `, n % 3 === 0 ? 300_000 + n : 50 + n);
  const context = plant(folder.path, files);
  const prepared = await prepareCopy(
    native,
    request({ sources: [source(context, "d")], destination: "/to/" }),
  );
  const all = await bytesOf(prepared.layer([]));
  expect(
    listed(all)
      .filter(({ type }) => type === "file")
      .map(({ name, text }) => [name, text]),
  ).toEqual(Object.entries(files).map(([name, text]) => [`to/${name.slice(2)}`, text]));
  const root = join(folder.path, "store");
  plant(root, {});
  const blobs = await openBlobs(root, await openIngest(root), native);
  const writer = await blobs.begin();
  for await (const part of prepared.layer([])) await writer.write(part);
  const { digest, size } = await writer.commit();
  expect({ digest, size }).toEqual({ digest: digestOf(all), size: all.length });
  expect((await blobs.read(digest)).equals(all)).toBe(true);
});

test("a large file that is shorter by now is no part of a layer; one that grew is copied as far as it was, and not verified", async () => {
  using folder = temporaryFolder("copy");
  const text = large("abc", 400_000);
  const context = plant(folder.path, { "d/f": text });
  const path = join(context, "d/f");
  const prepared = await prepareCopy(
    native,
    request({ sources: [source(context, "d")], destination: "/to/" }),
  );
  appendFileSync(path, "more");
  const [file] = listed(await bytesOf(prepared.layer([]))).filter(({ type }) => type === "file");
  expect(file?.text).toBe(text);
  expect(await prepared.verify()).toBe(false);
  truncateSync(path, 1000);
  await expect(bytesOf(prepared.layer([]))).rejects.toMatchObject({ code: "COPY_SOURCE_CHANGED" });
  writeFileSync(path, text);
});
