import { describe, expect, test } from "bun:test";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TreeRoot, trees } from "../../src/image/tree/tree.ts";
import { rootMissing } from "../support/engine.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { chunks, native, tar } from "./fixtures.ts";
import { getXattr } from "./xattr.ts";

const tree = trees(native);
const folder = (path: string): TreeRoot => ({ kind: "folder", path });

async function bytesOf(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of source) parts.push(Uint8Array.from(part));
  return Buffer.concat(parts);
}

/** Everything that stat tells, for comparison. */
function listing(path: string): string {
  return execFileSync(
    "sh",
    [
      "-c",
      `cd '${path}' && find . ! -type d -printf '%p %y %m %U %G %T@ %s %l %n\\n' -o -printf '%p %y %m %U %G %T@\\n' | sort`,
    ],
    { encoding: "utf8", maxBuffer: 1 << 28 },
  );
}

describe.skipIf(rootMissing)("file trees", () => {
  test("a real tree comes back from tar as GNU tar brings it back", async () => {
    using made = temporaryFolder("tree");
    const [ours, theirs] = [join(made.path, "ours"), join(made.path, "theirs")];
    for (const path of [ours, theirs]) mkdirSync(path);
    const archive = execFileSync(
      "tar",
      ["-C", "/", "-cf", "-", "usr/share/perl5", "usr/share/terminfo", "dev/null", "etc/alternatives"],
      { maxBuffer: 1 << 29, stdio: ["ignore", "pipe", "ignore"] },
    );
    await tree.apply(folder(ours), "/", chunks(archive, 1 << 20));
    execFileSync("tar", ["-C", theirs, "-xpf", "-"], { input: archive });
    // The roots and the folders that the archive does not name have the time of their making.
    const times = (text: string) =>
      text.split("\n").filter((line) => !/^\.(\/usr|\/usr\/share|\/dev|\/etc)? /.test(line));
    expect(times(listing(ours))).toEqual(times(listing(theirs)));
    const back = await bytesOf(tree.read(folder(ours), "/", { name: "" }));
    const again = join(made.path, "again");
    mkdirSync(again);
    execFileSync("tar", ["-C", again, "-xpf", "-"], { input: back, maxBuffer: 1 << 29 });
    expect(listing(again).split("\n").slice(1)).toEqual(listing(ours).split("\n").slice(1));
  });

  test("owners, set-id bits, sticky folders, attributes and nanoseconds survive both ways", async () => {
    using made = temporaryFolder("tree");
    const capability = Buffer.from("0100000200040000000000000000000000000000", "hex");
    const archive = tar(
      { name: "tmp/", mode: 0o1777, mtime: { seconds: 5, nanoseconds: 123_456_789 } },
      {
        name: "tmp/su",
        mode: 0o4711,
        uid: 7,
        gid: 8,
        content: "x",
        mtime: { seconds: -1, nanoseconds: 999_000_001 },
      },
      {
        name: "tmp/ping",
        mode: 0o755,
        content: "x",
        xattrs: [
          ["security.capability", capability],
          ["user.note", Buffer.from([0, 255, 10])],
        ],
      },
      { name: "tmp/shared/", mode: 0o2775, gid: 50 },
      { name: "tmp/shared/file", content: "" },
      { name: "tmp/fifo", type: "fifo", mode: 0o640, uid: 3 },
    );
    await tree.apply(folder(made.path), "/", chunks(archive));
    const at = (name: string) => statSync(join(made.path, "tmp", name), { bigint: true });
    expect(at("").mode & 0o7777n).toBe(0o1777n);
    expect(at("").mtimeNs).toBe(5_123_456_789n);
    expect([at("su").mode & 0o7777n, at("su").uid, at("su").gid, at("su").mtimeNs]).toEqual([
      0o4711n,
      7n,
      8n,
      -999_999n,
    ]);
    expect(getXattr(join(made.path, "tmp/ping"), "security.capability")).toBe(capability.toString("latin1"));
    expect(getXattr(join(made.path, "tmp/ping"), "user.note")).toBe("\0\xff\n");
    // The folder's set-group-ID bit gives nothing to what says its own group.
    expect([at("shared").mode & 0o7777n, at("shared/file").gid]).toEqual([0o2775n, 0n]);
    expect([at("fifo").isFIFO(), at("fifo").uid]).toEqual([true, 3n]);

    using other = temporaryFolder("tree");
    await tree.apply(folder(other.path), "/", tree.read(folder(made.path), "/", { name: "" }));
    expect(listing(other.path).split("\n").slice(1)).toEqual(listing(made.path).split("\n").slice(1));
    expect(getXattr(join(other.path, "tmp/ping"), "user.note")).toBe("\0\xff\n");
  });

  test("a file's name of bytes that are not UTF-8 is kept", async () => {
    using made = temporaryFolder("tree");
    const name = Buffer.from("\xe9t\xe9", "latin1");
    writeFileSync(Buffer.concat([Buffer.from(`${made.path}/`), name]), "x");
    using other = temporaryFolder("tree");
    await tree.apply(folder(other.path), "/", tree.read(folder(made.path), "/", { name: "" }));
    expect(readdirSync(Buffer.from(other.path) as unknown as string, { encoding: "buffer" })).toEqual([name]);
  });

  test("hard links stay one file", async () => {
    using made = temporaryFolder("tree");
    execFileSync("sh", [
      "-c",
      `cd '${made.path}' && mkdir a b && echo x > a/one && ln a/one b/two && ln a/one three`,
    ]);
    using other = temporaryFolder("tree");
    await tree.apply(folder(other.path), "/", tree.read(folder(made.path), "/", { name: "top" }));
    const inodes = ["a/one", "b/two", "three"].map((name) => statSync(join(other.path, "top", name)).ino);
    expect(new Set(inodes).size).toBe(1);
  });

  test("stat tells what is there, follows when asked, and stays inside the root", async () => {
    using made = temporaryFolder("tree");
    writeFileSync(join(made.path, "file"), "12345", { mode: 0o640 });
    symlinkSync("/file", join(made.path, "link"));
    symlinkSync("/etc/passwd", join(made.path, "out"));
    expect(await tree.stat(folder(made.path), "/file")).toMatchObject({ type: "file", size: 5, mode: 0o640 });
    expect(await tree.stat(folder(made.path), "link")).toMatchObject({
      type: "symlink",
      linkTarget: "/file",
    });
    expect(await tree.stat(folder(made.path), "link", { follow: true })).toMatchObject({
      type: "file",
      size: 5,
    });
    expect(await tree.stat(folder(made.path), "/../../../file")).toMatchObject({ type: "file" });
    expect(await tree.stat(folder(made.path), "out", { follow: true })).toBeUndefined();
    expect(await tree.stat(folder(made.path), "/file/x")).toBeUndefined();
  });

  test("keepKind refuses to replace a folder by a file and a file by a folder", async () => {
    using made = temporaryFolder("tree");
    mkdirSync(join(made.path, "folder"));
    writeFileSync(join(made.path, "file"), "");
    const put = (archive: Buffer) => tree.apply(folder(made.path), "/", chunks(archive), { keepKind: true });
    await expect(put(tar({ name: "folder", content: "x" }))).rejects.toMatchObject({
      code: "TREE_FAILED",
      errno: "EISDIR",
    });
    await expect(put(tar({ name: "file/" }))).rejects.toMatchObject({
      code: "TREE_FAILED",
      errno: "ENOTDIR",
    });
    await put(tar({ name: "file", content: "new" }));
    expect(readFileSync(join(made.path, "file"), "utf8")).toBe("new");
  });

  test("owner gives everything to one user", async () => {
    using made = temporaryFolder("tree");
    await tree.apply(folder(made.path), "/", chunks(tar({ name: "a/b/c", content: "x", uid: 4, gid: 5 })), {
      owner: { uid: 1000, gid: 1001 },
    });
    for (const name of ["a", "a/b", "a/b/c"]) {
      const { uid, gid } = statSync(join(made.path, name));
      expect([uid, gid]).toEqual([1000, 1001]);
    }
  });

  test("an archive that ends in the middle, or is none, is refused with what is wrong", async () => {
    using made = temporaryFolder("tree");
    const archive = tar({ name: "x", content: "y".repeat(5000) });
    await expect(tree.apply(folder(made.path), "/", chunks(archive.subarray(0, 1500)))).rejects.toMatchObject(
      { code: "ARCHIVE_REFUSED", why: "it stops in the middle of an entry" },
    );
    await expect(tree.apply(folder(made.path), "/", chunks(Buffer.alloc(2048, 65)))).rejects.toMatchObject({
      code: "ARCHIVE_REFUSED",
    });
    await expect(tree.apply(folder(made.path), "/nowhere", chunks(archive))).rejects.toMatchObject({
      code: "TREE_FAILED",
      errno: "ENOENT",
    });
  });

  test("a tree with a folder of 1,000 files and one 800 folders deep is read in order", async () => {
    using made = temporaryFolder("tree");
    const wide = Array.from({ length: 1000 }, (_, i) => ({ name: `wide/${i}`, content: String(i) }));
    await tree.apply(
      folder(made.path),
      "/",
      chunks(tar({ name: "wide/" }, ...wide, { name: "d/".repeat(800) })),
    );
    const list = spawnSync("tar", ["-tf", "-"], {
      input: await bytesOf(tree.read(folder(made.path), "wide", { name: "w" })),
      encoding: "utf8",
      maxBuffer: 1 << 26,
    });
    const names = list.stdout.trim().split("\n");
    expect(names).toEqual(["w/", ...wide.map(({ name }) => name.replace("wide", "w")).sort()]);
    expect((await bytesOf(tree.read(folder(made.path), "d", { name: "d" }))).length).toBeGreaterThan(
      800 * 512,
    );
  });

  test("a stopped container's overlay is mounted for the session alone", async () => {
    using made = temporaryFolder("tree");
    for (const name of ["low", "upper", "work", "rootfs", "volume"]) mkdirSync(join(made.path, name));
    writeFileSync(join(made.path, "low/below"), "below");
    mkdirSync(join(made.path, "low/data"));
    writeFileSync(join(made.path, "volume/kept"), "kept");
    const root: TreeRoot = {
      kind: "overlay",
      folder: made.path,
      lower: ["low"],
      upper: "upper",
      work: "work",
      mountpoint: "rootfs",
      binds: [{ part: "", source: join(made.path, "volume"), destination: "/data" }],
    };
    await tree.apply(
      root,
      "/",
      chunks(tar({ name: "above", content: "above" }, { name: "data/new", content: "" })),
    );
    expect(readdirSync(join(made.path, "upper"))).toEqual(["above"]);
    expect(readdirSync(join(made.path, "volume")).sort()).toEqual(["kept", "new"]);
    expect(await tree.stat(root, "/below")).toMatchObject({ type: "file" });
    expect(readFileSync("/proc/self/mountinfo", "utf8")).not.toContain(made.path);
    const names = spawnSync("tar", ["-tf", "-"], {
      input: await bytesOf(tree.read(root, "/", { name: "", oneMount: true })),
      encoding: "utf8",
    });
    expect(names.stdout.trim().split("\n")).toEqual(["above", "below", "data/"]);
  });
});
