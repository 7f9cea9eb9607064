import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { lstatSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Image } from "../../src/image/images.ts";
import { tarReader } from "../../src/image/tar/reader.ts";
import { frame, kind } from "../../src/image/tree/frames.ts";
import { openTree } from "../../src/image/tree/session.ts";
import { chunks, dockerArchive, forged, type Item, native, tar, testStore } from "../image/fixtures.ts";
import { getXattr } from "../image/xattr.ts";
import { rootMissing } from "../support/engine.ts";
import { temporaryFolder } from "../support/temporary.ts";

const sha256 = (bytes: Uint8Array) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

describe.skipIf(rootMissing)("R10 layer extraction", () => {
  let store: Awaited<ReturnType<typeof testStore>>;
  let outside: ReturnType<typeof temporaryFolder>;
  const victim = () => join(outside.path, "victim");
  const secret = () => join(victim(), "passwd");

  beforeAll(async () => {
    store = await testStore();
    outside = temporaryFolder("outside");
    mkdirSync(victim());
    writeFileSync(secret(), "untouched");
  });
  afterAll(async () => {
    await store[Symbol.asyncDispose]();
    outside[Symbol.dispose]();
  });

  const load = async (...layers: Uint8Array[]): Promise<Image> => {
    const archive = dockerArchive("attack:latest", layers, layers.map(sha256));
    return (await store.images.load(chunks(archive)))[0] as Image;
  };
  const folderOf = (image: Image, layer = 0) =>
    join(store.root, "snapshots", (image.chainIds[layer] ?? "").slice(7), "fs");
  const intact = () => {
    expect(readdirSync(outside.path)).toEqual(["victim"]);
    expect(readdirSync(victim())).toEqual(["passwd"]);
    expect(readFileSync(secret(), "utf8")).toBe("untouched");
  };
  /** The layer is refused, says why, and nothing of it stays. */
  const refuses = async (why: string, ...items: (Item | Uint8Array)[]) => {
    await expect(load(tar(...items))).rejects.toThrow(why);
    intact();
    expect(store.images.list()).toEqual([]);
    expect(readdirSync(join(store.root, "snapshots"))).toEqual([]);
    expect(readdirSync(join(store.root, "ingest"))).toEqual([]);
    expect(readdirSync(join(store.root, "blobs/sha256"))).toEqual([]);
  };
  /** The layer is taken, and what it tried happened inside its own folder. */
  const contains = async (check: (folder: string) => void, ...items: (Item | Uint8Array)[]) => {
    const image = await load(tar(...items));
    intact();
    check(folderOf(image));
    await store.images.remove(image.id, { force: true, inUse: () => [] });
    expect(readdirSync(join(store.root, "snapshots"))).toEqual([]);
  };

  test("R10 a name with .. is refused", async () => {
    await refuses("leads upwards", { name: "../../victim/x", content: "owned" });
    await refuses("leads upwards", { name: "a/../../x", content: "owned" });
    await refuses("leads upwards", { name: "a/..", type: "directory" });
  });

  test("R10 an absolute name stays in the layer", () =>
    contains((folder) => expect(readFileSync(join(folder, secret()), "utf8")).toBe("owned"), {
      name: secret(),
      content: "owned",
    }));

  test("R10 a file through a symbolic link out of the root lands inside", () =>
    contains(
      (folder) => expect(readFileSync(join(folder, secret()), "utf8")).toBe("owned"),
      { name: `${victim()}/` },
      { name: "dir", type: "symlink", linkName: victim() },
      { name: "dir/passwd", content: "owned" },
    ));

  test("R10 a symbolic link upwards does not lead above the root", () =>
    contains(
      (folder) => expect(readFileSync(join(folder, "passwd"), "utf8")).toBe("owned"),
      { name: "dir", type: "symlink", linkName: "../../../../../.." },
      { name: "dir/passwd", content: "owned" },
    ));

  test("R10 a link that leads nowhere is not followed to make something", () =>
    refuses(
      "is no folder",
      { name: "dir", type: "symlink", linkName: `${outside.path}/new` },
      { name: "dir/x", content: "owned" },
    ));

  test("R10 a link to /proc/self/root is no way out", () =>
    refuses(
      "cannot unpack layer",
      { name: "p", type: "symlink", linkName: "/proc/self/root/tmp" },
      { name: "p/x", content: "owned" },
    ));

  test("R10 a hard link out of the root is refused", async () => {
    await refuses("what it links to is not in the layer", {
      name: "hard",
      type: "hardlink",
      linkName: secret(),
    });
    await refuses("leads upwards", { name: "hard", type: "hardlink", linkName: "../../../victim/passwd" });
  });

  test("R10 a hard link through a symbolic link out of the root is refused", () =>
    refuses(
      "what it links to is not in the layer",
      { name: "dir", type: "symlink", linkName: victim() },
      { name: "hard", type: "hardlink", linkName: "dir/passwd" },
    ));

  test("R10 writing over a hard link to a symbolic link replaces the link", () =>
    contains(
      (folder) => {
        expect(readFileSync(join(folder, "again"), "utf8")).toBe("owned");
        expect(lstatSync(join(folder, "link")).isSymbolicLink()).toBe(true);
      },
      { name: "link", type: "symlink", linkName: secret() },
      { name: "again", type: "hardlink", linkName: "link" },
      { name: "again", content: "owned" },
    ));

  test("R10 a file over a symbolic link replaces the link and not its target", () =>
    contains(
      (folder) => expect(lstatSync(join(folder, "file")).isFile()).toBe(true),
      { name: "file", type: "symlink", linkName: secret() },
      { name: "file", content: "owned" },
    ));

  test("R10 a whiteout through a symbolic link hides nothing outside", () =>
    contains(
      (folder) => expect(lstatSync(join(folder, victim(), "passwd")).isCharacterDevice()).toBe(true),
      { name: `${victim()}/` },
      { name: "dir", type: "symlink", linkName: victim() },
      { name: "dir/.wh.passwd" },
    ));

  test("R10 an opaque whiteout through a symbolic link marks nothing outside", async () => {
    await contains(
      (folder) => expect(getXattr(join(folder, victim()), "trusted.overlay.opaque")).toBe("y"),
      { name: `${victim()}/` },
      { name: "dir", type: "symlink", linkName: victim() },
      { name: "dir/.wh..wh..opq" },
    );
    expect(getXattr(victim(), "trusted.overlay.opaque")).toBeUndefined();
  });

  test("R10 whiteouts of nothing, of . and of .. are refused", async () => {
    for (const name of [".wh.", "a/.wh..", "a/.wh..."]) await refuses("hides nothing", { name });
    await refuses("lies below a whiteout", { name: ".wh.x/y", content: "" });
  });

  test("R10 duplicate entries: the last one wins, and modes and owners with it", () =>
    contains(
      (folder) => {
        expect(readFileSync(join(folder, "twice"), "utf8")).toBe("second");
        expect(statSync(join(folder, "twice")).mode & 0o7777).toBe(0o600);
        expect(statSync(join(folder, "twice")).uid).toBe(0);
      },
      { name: "twice", content: "first", mode: 0o4755, uid: 1000 },
      { name: "twice", content: "second", mode: 0o600 },
    ));

  test("R10 a file replaces a folder with what was in it, and a folder a file", () =>
    contains(
      (folder) => {
        expect(readFileSync(join(folder, "a"), "utf8")).toBe("file");
        expect(readdirSync(join(folder, "b"))).toEqual(["x"]);
      },
      { name: "a/" },
      { name: "a/deep/down", content: "gone" },
      { name: "a/link", type: "symlink", linkName: victim() },
      { name: "a", content: "file" },
      { name: "b", content: "gone" },
      { name: "b/" },
      { name: "b/x", content: "" },
    ));

  test("R10 a folder that a link replaced is not written through afterwards", () =>
    contains(
      (folder) => expect(readdirSync(join(folder, victim()))).toEqual(["passwd"]),
      { name: `${victim()}/` },
      { name: "d/" },
      { name: "d/a", content: "" },
      { name: "d", type: "symlink", linkName: victim() },
      { name: "d/passwd", content: "owned" },
    ));

  test("R10 a file is no folder", () =>
    refuses("a part of its path is no folder", { name: "a", content: "" }, { name: "a/b", content: "" }));

  test("R10 overlayfs's own attributes in a layer are not applied", () =>
    contains((folder) => expect(getXattr(join(folder, "d"), "trusted.overlay.redirect")).toBeUndefined(), {
      name: "d/",
      xattrs: [
        ["trusted.overlay.redirect", Buffer.from("/etc")],
        ["user.overlay.opaque", Buffer.from("y")],
      ],
    }));

  test("R10 sparse files, negative and huge sizes are refused", async () => {
    await refuses(
      "sparse files are not supported",
      forged({ name: "s" }, (block) => block.write("S", 156, "latin1")),
    );
    await refuses(
      "its size is negative",
      forged({ name: "n" }, (block) => block.fill(0xff, 124, 136)),
    );
    await refuses("in the middle of an entry", { name: "huge", size: 8 * 2 ** 30 - 1, content: "little" });
  });

  test("R10 a PAX bomb is refused before it is held in memory", async () => {
    const header = forged({ name: "x", size: 4 * 2 ** 30 }, (block) => block.write("x", 156, "latin1"));
    await refuses("beyond 524288", header, Buffer.alloc(8 << 20));
    const reader = tarReader({ entry: () => {}, data: () => {} });
    expect(() => reader.push(header.subarray(0, 512))).toThrow("beyond 524288");
  });

  test("R10 names that are too long are refused", async () => {
    await refuses("more than 255 bytes", { name: "n".repeat(300), content: "" });
    await refuses("too long", { name: "d/".repeat(3000), type: "directory" });
  });

  test("R10 a decompression bomb is stopped", async () => {
    // 2 MB that unpack to 2 GB, as a member of a file that is not there.
    const member = gzipSync(Buffer.alloc(64 << 20), { level: 9 });
    const header = forged({ name: "bomb", size: 8 * 2 ** 30 - 1 }, () => {});
    const bomb = Buffer.concat([
      gzipSync(header.subarray(0, 512)),
      ...Array.from({ length: 34 }, () => member),
    ]);
    const archive = dockerArchive("bomb:latest", [bomb], [sha256(Buffer.alloc(0))]);
    await expect(store.images.load(chunks(archive))).rejects.toThrow("a decompression bomb");
    expect(readdirSync(join(store.root, "snapshots"))).toEqual([]);
  }, 60_000);

  test("R10 a layer whose tar is not what the configuration promises leaves nothing behind", async () => {
    const archive = dockerArchive(
      "liar:latest",
      [tar({ name: "x", content: "1" })],
      [sha256(Buffer.from("other"))],
    );
    await expect(store.images.load(chunks(archive))).rejects.toMatchObject({ code: "DIFFID_MISMATCH" });
    expect(readdirSync(join(store.root, "snapshots"))).toEqual([]);
    expect(readdirSync(join(store.root, "blobs/sha256"))).toEqual([]);
  });

  test("R10 device nodes are refused where the engine is rootless", async () => {
    using folder = temporaryFolder("rootless");
    await using session = await openTree(native, { kind: "folder", path: folder.path });
    const { outbox } = session;
    outbox.begin(frame.apply);
    outbox.string("");
    for (const value of [2 | 32, 0, 0]) outbox.u32(value);
    outbox.end();
    const none = { target: "", uid: 0, gid: 0, mtime: { seconds: 0, nanoseconds: 0 }, size: 0, xattrs: [] };
    outbox.entry({ ...none, kind: kind.block, path: "sda", mode: 0o600, major: 8, minor: 0 });
    outbox.begin(frame.end);
    outbox.end();
    await session.flush();
    await expect(session.done()).rejects.toMatchObject({ errno: "EPERM", path: "sda" });
    expect(readdirSync(folder.path)).toEqual([]);
  });

  test("R10 the native side checks names itself", async () => {
    for (const path of ["../x", "a/../../x", "/x", "a//b", "./a", "a/."]) {
      using folder = temporaryFolder("names");
      await using session = await openTree(native, { kind: "folder", path: folder.path });
      const { outbox } = session;
      outbox.begin(frame.apply);
      outbox.string("");
      for (const value of [2, 0, 0]) outbox.u32(value);
      outbox.end();
      const none = { target: "", uid: 0, gid: 0, mtime: { seconds: 0, nanoseconds: 0 }, size: 0, xattrs: [] };
      outbox.entry({ ...none, kind: kind.directory, path, mode: 0o755, major: 0, minor: 0 });
      outbox.begin(frame.end);
      outbox.end();
      await session.flush();
      await expect(session.done()).rejects.toMatchObject({ code: "TREE_FAILED" });
      expect(readdirSync(folder.path)).toEqual([]);
    }
  });
});
