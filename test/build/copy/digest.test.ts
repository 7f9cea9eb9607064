import { expect, test } from "bun:test";
import { chmodSync, renameSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { FileDigests } from "../../../src/build/copy/file-digests.ts";
import { openFileDigests } from "../../../src/build/copy/open-file-digests.ts";
import { prepareCopy } from "../../../src/build/copy/prepare.ts";
import type { CopyRequest } from "../../../src/build/copy/request.ts";
import { native } from "../../image/fixtures.ts";
import { canMake, fileSystem } from "../../support/file-system.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import { bytesOf, hiding, plant, request, source } from "./fixture.ts";

const digestOf = async (o: Partial<CopyRequest>) => (await prepareCopy(native, request(o))).digest;

test("the digest is the same for the same files in another folder at another time", async () => {
  using folder = temporaryFolder("copy");
  const files = { "d/a": "a", "d/s/b": "0755:b", "d/l": "-> a" };
  const one = plant(join(folder.path, "one"), files);
  const two = plant(join(folder.path, "two"), files);
  utimesSync(join(two, "d/a"), 1, 1);
  writeFileSync(join(two, "other"), "is not copied");
  expect(await digestOf({ sources: [source(one, "d")] })).toBe(
    await digestOf({ sources: [source(two, "d")] }),
  );
});

test("whatever else changes the layer changes the digest", async () => {
  using folder = temporaryFolder("copy");
  const context = plant(folder.path, { "d/a": "a", "d/s/b": "b", "d/l": "-> a" });
  const at = (name: string) => join(context, "d", name);
  const sources = [source(context, "d")];
  const seen = new Set<string>();
  const expectNew = async (o: Partial<CopyRequest> = {}) => {
    const before = seen.size;
    seen.add(await digestOf({ sources, ...o }));
    expect(seen.size).toBe(before + 1);
  };
  await expectNew();
  await expectNew({ destination: "/x" });
  await expectNew({ destination: "/x/" });
  await expectNew({ owner: "1:1" });
  await expectNew({ chmod: "700" });
  await expectNew({ link: true });
  await expectNew({ exclude: hiding("s") });
  await expectNew({ sources: [{ ...source(context, "d"), keepsOwners: true }] });
  await expectNew({ sources: [source(context, "d/a")] });
  await expectNew({ sources: [{ ...source(context, "d/a"), unpack: true }] });
  await expectNew({ sources: [{ kind: "inline", name: "a", content: Buffer.from("a") }] });
  writeFileSync(at("a"), "b");
  await expectNew();
  chmodSync(at("a"), 0o600);
  await expectNew();
  rmSync(at("l"));
  symlinkSync("s", at("l"));
  await expectNew();
  renameSync(at("s/b"), at("s/c"));
  await expectNew();
  writeFileSync(at("new"), "");
  await expectNew();
});

/** Counts what it is asked for. */
function counted(inner: FileDigests): FileDigests & { known: number; kept: number } {
  const counter = {
    known: 0,
    kept: 0,
    find: (file: Parameters<FileDigests["find"]>[0]) => {
      const found = inner.find(file);
      if (found !== undefined) counter.known++;
      return found;
    },
    keep: (files: Parameters<FileDigests["keep"]>[0]) => {
      counter.kept += files.length;
      inner.keep(files);
    },
  };
  return counter;
}

const tick = 150;

test("files that are known are not read again, and those that are too young are not known", async () => {
  using folder = temporaryFolder("copy");
  const context = plant(join(folder.path, "context"), { a: "a", b: "b", c: "c" });
  const path = join(folder.path, "files.db");
  const look = async () => {
    using digests = openFileDigests(path);
    const counter = counted(digests);
    const digest = await digestOf({ sources: [{ ...source(context, "."), digests: counter }] });
    return { digest, known: counter.known, kept: counter.kept };
  };
  // A file may have been changed again within the same tick of the clock.
  writeFileSync(join(context, "a"), "A");
  expect((await look()).known).toBe(0);
  await Bun.sleep(tick);
  const { digest } = await look();
  expect(await look()).toEqual({ digest, known: 3, kept: 0 });
  // The same size and time of modification: ctime tells.
  const { atime, mtime } = statSync(join(context, "b"));
  writeFileSync(join(context, "b"), "B");
  utimesSync(join(context, "b"), atime, mtime);
  await Bun.sleep(tick);
  const after = await look();
  expect(after).toMatchObject({ known: 2, kept: 1 });
  expect(after.digest).not.toBe(digest);
  writeFileSync(path, "no database");
  expect(await look()).toEqual({ digest: after.digest, known: 0, kept: 3 });
});

test("a copy of what changed after it was looked at is not verified", async () => {
  using folder = temporaryFolder("copy");
  const context = plant(folder.path, { "d/a": "a", "d/s/b": "b", other: "o" });
  const verified = async (change: () => void, o: Partial<CopyRequest> = {}) => {
    const prepared = await prepareCopy(native, request({ sources: [source(context, "d")], ...o }));
    change();
    await bytesOf(prepared.layer([])).catch(() => {});
    return await prepared.verify();
  };
  const at = (name: string) => join(context, "d", name);
  expect(await verified(() => {})).toBe(true);
  expect(await verified(() => writeFileSync(join(context, "other"), "changed"))).toBe(true);
  // At once: within a tick of the clock that made the file's time of change.
  expect(
    await verified(() => {
      writeFileSync(at("a"), "1");
    }),
  ).toBe(false);
  expect(await verified(() => writeFileSync(at("new"), "n"))).toBe(false);
  expect(await verified(() => chmodSync(at("s"), 0o700))).toBe(false);
  expect(await verified(() => rmSync(at("s"), { recursive: true }))).toBe(false);
  expect(await verified(() => symlinkSync("/etc", at("s")))).toBe(false);
  expect(await verified(() => renameSync(at("new"), at("newer")))).toBe(false);
  const ours = { sources: [{ ...source(context, "d"), isOurs: true }] };
  expect(await verified(() => writeFileSync(at("a"), "2"), ours)).toBe(true);
});

const ext2Missing = !canMake("ext2");

test.skipIf(ext2Missing)(
  "a young file whose stamp says nothing is read again, and not remembered",
  async () => {
    // A file system of whole seconds: what is written within one second leaves no trace in stat.
    using disk = fileSystem("ext2", { mebibytes: 8 });
    const context = plant(join(disk.path, "context"), { a: "old" });
    const known = { find: () => undefined, keep: (files: readonly unknown[]) => expect(files).toEqual([]) };
    const sources = [{ ...source(context, "a"), digests: known }];
    const file = join(context, "a");
    await Bun.sleep(1010 - (Date.now() % 1000));
    writeFileSync(file, "OLD");
    const prepared = await prepareCopy(native, request({ sources }));
    const before = statSync(file, { bigint: true });
    writeFileSync(file, "new");
    const after = statSync(file, { bigint: true });
    // A machine that stood still for a second sees another time, and the copy is not verified either way.
    if (after.ctimeNs !== before.ctimeNs) console.warn("the second was over");
    expect(await prepared.verify()).toBe(false);
    writeFileSync(file, "OLD");
    if (statSync(file, { bigint: true }).ctimeNs === before.ctimeNs)
      expect(await prepared.verify()).toBe(true);
  },
);

test("a file that goes is an error that says so; one that grows is copied as far as it is", async () => {
  using folder = temporaryFolder("copy");
  const context = plant(folder.path, { a: "a", b: "b" });
  const prepared = await prepareCopy(native, request({ sources: [source(context, ".")] }));
  writeFileSync(join(context, "a"), "longer than it was");
  expect((await bytesOf(prepared.layer([]))).toString()).toContain("longer than it was");
  rmSync(join(context, "b"));
  await expect(bytesOf(prepared.layer([]))).rejects.toMatchObject({
    code: "COPY_SOURCE_CHANGED",
    what: 'cannot copy "b"',
  });
});
