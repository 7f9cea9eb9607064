import { expect, test } from "bun:test";
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { type Item, tar } from "../../image/fixtures.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import { copied, type Files, plant, source, words } from "./fixture.ts";

const archive = tar(
  { name: "d/" },
  { name: "d/a", content: "a" },
  { name: "l", type: "symlink", linkName: "d" },
);

/** What ADD makes of a file with these bytes. */
async function added(
  bytes: Uint8Array,
  o: { readonly to?: string; readonly below?: Files; readonly name?: string } = {},
) {
  using folder = temporaryFolder("add");
  const { name = "x.tar" } = o;
  writeFileSync(join(folder.path, name), bytes);
  const below = o.below === undefined ? [] : [plant(join(folder.path, "below"), o.below)];
  const sources = [{ ...source(folder.path, name), unpack: true }];
  return await words({ sources, destination: o.to ?? "/x/" }, below);
}

const refused = (...items: readonly Item[]) => expect(added(tar(...items)));

test("an archive is unpacked into its destination, whatever its name is and whatever compressed it", async () => {
  const unpacked = ["x/", "x/d/", "x/d/a=a", "x/l symlink d"];
  const xz = Bun.which("xz") === null ? [] : [Bun.spawnSync(["xz", "-c"], { stdin: archive }).stdout];
  const all = [archive, gzipSync(archive), zstdCompressSync(archive), ...xz];
  for (const bytes of all) {
    expect(await added(bytes)).toEqual(unpacked);
    expect(await added(bytes, { to: "/x", name: "photo.jpg" })).toEqual(unpacked);
  }
});

test("what is no archive is copied as it is, whatever its name is", async () => {
  for (const bytes of [Buffer.from(""), Buffer.from("text"), Buffer.alloc(2048), Buffer.alloc(2048, "x")])
    expect(await added(bytes)).toEqual(["x/", `x/x.tar=${bytes.toString()}`]);
  const compressed = [gzipSync("text"), gzipSync("x".repeat(5000)), gzipSync(archive).subarray(0, 20)];
  for (const bytes of compressed) expect(await added(bytes)).toEqual(["x/", `x/x.tar=${bytes.toString()}`]);
});

test("bzip2 is refused by name, with a way out", async () => {
  const bzip2 = Buffer.concat([
    Buffer.from("BZh9"),
    Buffer.from([0x31, 0x41, 0x59, 0x26, 0x53, 0x59]),
    Buffer.alloc(50),
  ]);
  await expect(added(bzip2)).rejects.toMatchObject({
    code: "COMPRESSION_UNSUPPORTED",
    what: 'cannot unpack "x.tar"',
    hint: expect.stringContaining("ADD --unpack=false"),
  });
});

test("an archive that is damaged behind its beginning is an error", async () => {
  const long = tar({ name: "a", content: Buffer.alloc(1 << 20, "x") });
  await expect(added(long.subarray(0, 5000))).rejects.toMatchObject({ code: "ARCHIVE_REFUSED" });
  await expect(added(gzipSync(long).subarray(0, 900))).rejects.toMatchObject({ code: "LAYER_DAMAGED" });
});

test("its entries win over what is there; links below are followed where the archive does not have them", async () => {
  const below = { "usr/lib/": "", lib: "-> usr/lib", "a/b": "b", f: "f" };
  const through = tar({ name: "lib/x", content: "x" }, { name: "a", content: "a" });
  expect(await added(through, { to: "/", below })).toEqual(["usr/", "usr/lib/", "usr/lib/x=x", "a=a"]);
  const unnamed = tar({ name: "f/g", content: "g" });
  await expect(added(unnamed, { to: "/", below })).rejects.toMatchObject({
    code: "COPY_DESTINATION_INVALID",
  });
  const named = tar(
    ...[{ name: "lib/" }, { name: "lib/x", content: "x" }, { name: "f/" }, { name: "f/g", content: "g" }],
  );
  expect(await added(named, { to: "/", below })).toEqual(["lib/", "lib/x=x", "f/", "f/g=g"]);
});

test("owners and modes are the archive's, whatever --chown says", async () => {
  using folder = temporaryFolder("add");
  writeFileSync(
    join(folder.path, "a.tar"),
    tar(
      { name: "./", mode: 0o700, uid: 3 },
      { name: "d/", mode: 0o750, gid: 4 },
      { name: "d/a", mode: 0o4711, uid: 5 },
    ),
  );
  const of = async (owner: string | null) => {
    const sources = [{ ...source(folder.path, "a.tar"), unpack: true }];
    const all = await copied({ sources, destination: "/x/", owner });
    return all.map(({ name, mode, uid, gid }) => `${name} ${mode.toString(8)} ${uid}:${gid}`);
  };
  expect(await of(null)).toEqual(["x/ 700 3:0", "x/d/ 750 0:4", "x/d/a 4711 5:0"]);
  expect(await of("8:9")).toEqual(["x/ 700 3:0", "x/d/ 750 0:4", "x/d/a 4711 5:0"]);
});

test("hard links follow their files", async () => {
  const bytes = tar({ name: "a", content: "a" }, { name: "b", type: "hardlink", linkName: "./a" });
  expect(await added(bytes)).toEqual(["x/", "x/a=a", "x/b hardlink x/a"]);
});

test("R10 hostile archives are refused", async () => {
  await refused({ name: "../out" }).rejects.toMatchObject({
    code: "ARCHIVE_REFUSED",
    why: expect.stringContaining("leads upwards"),
  });
  await refused({ name: "a", type: "hardlink", linkName: "../../etc/passwd" }).rejects.toMatchObject({
    code: "ARCHIVE_REFUSED",
  });
  await refused({ name: "a", type: "hardlink", linkName: "/etc/passwd" }).rejects.toMatchObject({
    code: "ARCHIVE_REFUSED",
  });
  await refused({ name: "a", type: "symlink", linkName: "/etc" }, { name: "a/b" }).rejects.toMatchObject({
    code: "COPY_DESTINATION_INVALID",
  });
  await refused({ name: ".wh.a" }).rejects.toMatchObject({ code: "LAYER_REFUSED" });
  await refused({ name: "d/.wh..wh..opq" }).rejects.toMatchObject({ code: "LAYER_REFUSED" });
  await refused({ name: "a", size: 1 << 30 }).rejects.toMatchObject({ code: "ARCHIVE_REFUSED" });
  // An absolute name is within the destination.
  expect(await added(tar({ name: "/etc/a", content: "a" }))).toEqual(["x/", "x/etc/", "x/etc/a=a"]);
});

test("archives and files of one instruction come in their order", async () => {
  using folder = temporaryFolder("add");
  plant(folder.path, { a: "file" });
  writeFileSync(join(folder.path, "b.tar"), tar({ name: "a", content: "archive" }));
  const sources = (...paths: string[]) => [{ ...source(folder.path, ...paths), unpack: true }];
  expect(await words({ sources: sources("a", "b.tar"), destination: "/x/" })).toEqual([
    "x/",
    "x/a=file",
    "x/a=archive",
  ]);
  expect(await words({ sources: sources("b.tar", "a"), destination: "/x/" })).toEqual([
    "x/",
    "x/a=archive",
    "x/a=file",
  ]);
});

test("who reads a file ends with it, whether it is an archive or not, whole or damaged", async () => {
  const readers = () =>
    globSync("/proc/self/task/*/children").flatMap((path) => readFileSync(path, "utf8").match(/\d+/g) ?? []);
  const before = readers();
  const long = tar({ name: "a", content: Buffer.alloc(1 << 20, "x") });
  for (const bytes of [
    Buffer.alloc(1 << 20, "x"),
    long,
    long.subarray(0, 5000),
    gzipSync(long).subarray(0, 900),
  ])
    await added(bytes).catch(() => {});
  expect(readers()).toEqual(before);
});
