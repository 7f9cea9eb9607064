import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { diffImages } from "../../src/image/contents/contents.ts";
import { totalsOf } from "../../src/image/contents/diff.ts";
import type { Blobs } from "../../src/image/layout/blobs.ts";
import { rootMissing } from "../support/engine.ts";
import { chunks, dockerArchive, gzip, type Item, tar, testStore } from "./fixtures.ts";

const sha256 = (bytes: Uint8Array) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

async function loaded(store: Awaited<ReturnType<typeof testStore>>, name: string, ...layers: Item[][]) {
  const tars = layers.map((items) => tar(...items));
  const [image = expect.unreachable()] = await store.images.load(
    chunks(dockerArchive(name, tars.map(gzip), tars.map(sha256))),
  );
  return image;
}

const base: Item[] = [
  { name: "etc/" },
  { name: "etc/passwd", content: "root" },
  { name: "etc/same", content: "same" },
  { name: "usr/" },
  { name: "usr/lib/" },
  { name: "usr/lib/big", content: "x".repeat(5000) },
  { name: "usr/lib/hard", type: "hardlink", linkName: "usr/lib/big" },
  { name: "usr/link", type: "symlink", linkName: "lib" },
  { name: "var/" },
  { name: "var/a", content: "a" },
  { name: "var/b/" },
  { name: "var/b/c", content: "c" },
];

describe.skipIf(rootMissing)("what is in images", () => {
  test("a diff says what differs, in which respects and by how many bytes", async () => {
    await using store = await testStore();
    const one = await loaded(store, "one", base);
    const two = await loaded(store, "two", base, [
      { name: "etc/passwd", content: "root and more" },
      { name: "etc/same", content: "same", mode: 0o600, uid: 7, gid: 8 },
      { name: "usr/link", type: "symlink", linkName: "lib64" },
      { name: "usr/lib/big", content: "x".repeat(5000), xattrs: [["user.note", Buffer.from("1")]] },
      { name: "var/a/" },
      { name: "var/a/new", content: "new" },
      { name: "var/.wh.b" },
      { name: "opt/fifo", type: "fifo" },
    ]);
    const changes = await store.images.diff({ image: one }, { image: two });
    expect(changes.map(({ kind, path, differs }) => [kind, path, ...differs])).toEqual([
      ["changed", "/etc/passwd", "content"],
      ["changed", "/etc/same", "mode", "owner"],
      ["added", "/opt"],
      ["added", "/opt/fifo"],
      ["changed", "/usr/lib/big", "xattr"],
      ["changed", "/usr/link", "target"],
      ["changed", "/var/a", "type", "mode"],
      ["added", "/var/a/new"],
      ["removed", "/var/b"],
      ["removed", "/var/b/c"],
    ]);
    expect(changes[1]).toMatchObject({ mode: [0o644, 0o600], owner: ["0:0", "7:8"] });
    expect(totalsOf(changes)).toEqual({
      added: { files: 3, bytes: 3 },
      changed: { files: 5, bytes: 9 - 1 },
      removed: { files: 2, bytes: -1 },
    });
    const back = await store.images.diff({ image: two }, { image: one });
    expect(back.map(({ path }) => path)).toEqual(changes.map(({ path }) => path));
    expect(back.filter(({ kind }) => kind === "added").map(({ path }) => path)).toEqual([
      "/var/b",
      "/var/b/c",
    ]);
  });

  test("opaque folders, whiteouts of nothing, and what is deleted and made again", async () => {
    await using store = await testStore();
    const one = await loaded(store, "one", base);
    const opaque = await loaded(store, "opaque", base, [
      { name: "var/" },
      { name: "var/.wh..wh..opq" },
      { name: "var/a", content: "a" },
      { name: "usr/.wh.nothing" },
    ]);
    const paths = async (a: typeof one, b: typeof one) =>
      (await store.images.diff({ image: a }, { image: b })).map(({ kind, path }) => `${kind} ${path}`);
    expect(await paths(one, opaque)).toEqual(["removed /var/b", "removed /var/b/c"]);
    // The marker may come after what its own layer puts into the folder.
    const late = await loaded(store, "late", base, [
      { name: "var/b/" },
      { name: "var/b/d", content: "d" },
      { name: "var/.wh.b" },
      { name: "var/.wh..wh..opq" },
    ]);
    expect(await paths(one, late)).toEqual(["removed /var/a", "removed /var/b/c", "added /var/b/d"]);
    expect(await paths(one, one)).toEqual([]);
  });

  test("the layers that both stand on are read once, and not at all where nothing stands on them", async () => {
    await using store = await testStore();
    const one = await loaded(store, "one", base, [{ name: "one", content: "1" }]);
    const two = await loaded(store, "two", base, [{ name: "two", content: "2" }]);
    const read: string[] = [];
    const counting = {
      stream(digest: string) {
        read.push(digest);
        return blobsOf(store.root, digest);
      },
    } as unknown as Blobs;
    const found = await diffImages(counting, { image: one }, { image: two });
    expect(found.map(({ path }) => path)).toEqual(["/one", "/two"]);
    expect(read).toEqual([one.layers[0], one.layers[1], two.layers[1]].map((each) => each?.digest ?? ""));
    read.length = 0;
    await diffImages(counting, { image: one }, { image: one });
    expect(read).toEqual([]);
  });

  test("a layer weighs its own files, and wastes what later ones write over or delete", async () => {
    await using store = await testStore();
    const image = await loaded(store, "app", base, [
      { name: "etc/passwd", content: "longer" },
      { name: "etc/passwd", content: "written twice" },
      { name: "usr/.wh.lib" },
      { name: "opt/deep/er/file", content: "y".repeat(100) },
    ]);
    expect(await store.images.weigh(image)).toEqual([
      {
        bytes: 4 + 4 + 5000 + 1 + 1,
        files: 6,
        folders: [
          { path: "/usr/lib", bytes: 5000 },
          { path: "/etc", bytes: 8 },
          { path: "/var", bytes: 1 },
        ],
        wasted: 5004,
        waste: [
          { path: "/usr/lib/big", bytes: 5000, by: 1 },
          { path: "/etc/passwd", bytes: 4, by: 1 },
        ],
      },
      {
        bytes: 113,
        files: 2,
        folders: [
          { path: "/opt/deep", bytes: 100 },
          { path: "/etc", bytes: 13 },
        ],
        wasted: 0,
        waste: [],
      },
    ]);
  });
});

async function* blobsOf(root: string, digest: string): AsyncGenerator<Uint8Array> {
  yield await Bun.file(`${root}/blobs/${digest.replace(":", "/")}`).bytes();
}
