import { describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { zstdCompressSync } from "node:zlib";
import { type Images, openImages } from "../../src/image/images.ts";
import { trees } from "../../src/image/tree/tree.ts";
import { parseReference } from "../../src/oci/reference.ts";
import { rootMissing } from "../support/engine.ts";
import { machine } from "../support/host.ts";
import { writeLayout } from "../support/oci-layout.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { tool } from "../support/tools.ts";
import { chunks, dockerArchive, gzip, hello, native, tar, testStore } from "./fixtures.ts";

const sha256 = (bytes: Uint8Array) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
const layer = (text: string) => tar({ name: "file", content: text });
const load = async (images: Images, name: string, ...layers: Uint8Array[]) =>
  (await images.load(chunks(dockerArchive(name, layers, layers.map(sha256)))))[0] ?? expect.unreachable();
const unused = { force: false, inUse: () => [] };
const snapshots = (root: string) => readdirSync(join(root, "snapshots")).sort();
const blobs = (root: string) => readdirSync(join(root, "blobs/sha256"));

describe.skipIf(rootMissing)("the image store", () => {
  test("an image has the names it is given, and is found by name, id and prefix", async () => {
    await using store = await testStore();
    const image = await load(store.images, "team/app:1.0", layer("one"));
    expect(image.names).toEqual(["docker.io/team/app:1.0"]);
    await store.images.tag(image, parseReference("localhost/mine"));
    for (const name of [
      "team/app:1.0",
      "docker.io/team/app:1.0",
      "localhost/mine",
      "mine",
      "mine:latest",
      image.id,
      image.id.slice(7, 19),
    ]) {
      expect(store.images.resolve(name).id).toBe(image.id);
    }
    for (const name of ["team/app", "app", "other", "sha256:", "ffffffffffff"]) {
      expect(() => store.images.resolve(name)).toThrow(`cannot find the image ${JSON.stringify(name)}`);
    }
    await store.reopen();
    expect(store.images.resolve("mine").names).toEqual(["docker.io/team/app:1.0", "localhost/mine:latest"]);
  });

  test("a name that moves leaves the older image without one", async () => {
    await using store = await testStore();
    const first = await load(store.images, "app", layer("one"));
    const second = await load(store.images, "app", layer("two"));
    expect(store.images.resolve("app").id).toBe(second.id);
    expect(store.images.resolve(first.id).names).toEqual([]);
  });

  test("an image that goes while it is named, or while a container is made of it: either is refused, none is half", async () => {
    await using store = await testStore();
    const image = await load(store.images, "app", layer("x"));
    const outcomes = await Promise.allSettled([
      store.images.remove("app", unused),
      store.images.tag(image, parseReference("late")),
    ]);
    expect(outcomes).toMatchObject([
      { value: { deleted: [image.id] } },
      { reason: { code: "NO_SUCH_IMAGE" } },
    ]);
    await store.reopen();
    expect([snapshots(store.root), blobs(store.root), store.images.list()]).toEqual([[], [], []]);
    const again = await load(store.images, "app", layer("x"));
    const users: string[] = [];
    const between = Promise.allSettled([
      store.images.tag(again, parseReference("first")),
      store.images.remove("app", { force: false, inUse: () => users }),
      store.images.remove("first", { force: false, inUse: () => users }),
    ]);
    users.push("web");
    expect(await between).toMatchObject([
      { status: "fulfilled" },
      { value: { untagged: ["app:latest"] } },
      { reason: { code: "IMAGE_IN_USE" } },
    ]);
  });

  test("removing takes names first, then what nothing else stands on", async () => {
    await using store = await testStore();
    const shared = layer("shared");
    const one = await load(store.images, "one", shared, layer("1"));
    const two = await load(store.images, "two", shared, layer("2"));
    await store.images.tag(one, parseReference("again"));
    expect(await store.images.remove("again", unused)).toEqual({ untagged: ["again:latest"], deleted: [] });
    expect(await store.images.remove("one", unused)).toEqual({ untagged: ["one:latest"], deleted: [one.id] });
    expect(snapshots(store.root)).toEqual(two.chainIds.map((id) => id.slice(7)).sort());
    expect(
      readFileSync(join(store.root, "snapshots", (two.chainIds[1] ?? "").slice(7), "fs/file"), "utf8"),
    ).toBe("2");
    expect(await store.images.remove(two.id.slice(7, 15), unused)).toEqual({
      untagged: ["two:latest"],
      deleted: [two.id],
    });
    expect([snapshots(store.root), blobs(store.root), store.images.list()]).toEqual([[], [], []]);
  });

  test("an image that a container uses is not removed, and with force only unnamed", async () => {
    await using store = await testStore();
    const image = await load(store.images, "app", layer("x"));
    const used = { force: false, inUse: () => ["web"] };
    await expect(store.images.remove("app", used)).rejects.toMatchObject({
      code: "IMAGE_IN_USE",
      why: 'it is used by "web"',
    });
    expect(await store.images.remove("app", { ...used, force: true })).toEqual({
      untagged: ["app:latest"],
      deleted: [],
    });
    expect(store.images.resolve(image.id).names).toEqual([]);
    expect(snapshots(store.root).length).toBe(1);
  });

  test("an image with several repositories is removed by its id only with force", async () => {
    await using store = await testStore();
    const image = await load(store.images, "one", layer("x"));
    await store.images.tag(image, parseReference("two"));
    await expect(store.images.remove(image.id, unused)).rejects.toMatchObject({
      code: "IMAGE_IN_USE",
      why: "2 repositories name it",
    });
    expect((await store.images.remove(image.id, { ...unused, force: true })).deleted).toEqual([image.id]);
  });

  test("what a process that died left half is swept at the next start", async () => {
    await using store = await testStore();
    const image = await load(store.images, "app", layer("x"));
    await store.images.close();
    const stray = "0".repeat(64);
    mkdirSync(join(store.root, "snapshots/.tmp-dead/fs"), { recursive: true });
    mkdirSync(join(store.root, "snapshots", stray, "fs"), { recursive: true });
    writeFileSync(join(store.root, "snapshots", stray, "unsynced"), "another boot");
    writeFileSync(join(store.root, "ingest/half"), "x");
    writeFileSync(join(store.root, "blobs/sha256", stray), "nobody leads here");
    writeFileSync(join(store.root, "blobs/sha256", `${stray}.0123456789ab`), "no blob at all");
    await store.reopen();
    expect(snapshots(store.root)).toEqual(image.chainIds.map((id) => id.slice(7)));
    expect(readdirSync(join(store.root, "ingest"))).toEqual([]);
    expect(blobs(store.root).length).toBe(3);
  });

  test("a snapshot that may not have reached the disk is made again from its blob", async () => {
    await using store = await testStore();
    const image = await load(store.images, "app", layer("x"));
    await store.images.close();
    const folder = join(store.root, "snapshots", (image.chainIds[0] ?? "").slice(7));
    expect(existsSync(join(folder, "unsynced"))).toBe(false);
    writeFileSync(join(folder, "unsynced"), "the boot before the power cut");
    writeFileSync(join(folder, "fs/file"), "");
    await store.reopen();
    expect(existsSync(folder)).toBe(false);
    using container = temporaryFolder("container");
    await store.images.prepare(container.path, store.images.resolve("app"));
    expect(readFileSync(join(folder, "fs/file"), "utf8")).toBe("x");
  });

  test("state is closed to other users of the host (R26)", async () => {
    await using store = await testStore();
    await load(store.images, "app", layer("x"));
    const modes = ["", "snapshots", "ingest", "blobs/sha256", "index.json"].map(
      (name) => statSync(join(store.root, name)).mode & 0o007,
    );
    expect(modes).toEqual([1, 0, 0, 0, 0]);
  });

  test("layers compressed by zstd or in several members are read by what they are", async () => {
    await using store = await testStore();
    const plain = [layer("z"), layer("m")] as const;
    const members = Buffer.concat([gzip(plain[1].subarray(0, 700)), gzip(plain[1].subarray(700))]);
    const archive = dockerArchive("packed", [zstdCompressSync(plain[0]), members], plain.map(sha256));
    const [image] = await store.images.load(chunks(gzip(archive)));
    expect(
      image?.chainIds.map((id) =>
        readFileSync(join(store.root, "snapshots", id.slice(7), "fs/file"), "utf8"),
      ),
    ).toEqual(["z", "m"]);
  });
});

describe.skipIf(rootMissing)("a full disk", () => {
  test("that refuses one file of an archive while the next has begun ends the load, and leaves nothing open", async () => {
    const folder = temporaryFolder("full");
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=2m", "inro-test", folder.path]);
    try {
      const images = await openImages({ root: folder.path, native });
      const files = Array.from({ length: 6 }, (_, n) => ({ name: `${n}`, content: randomBytes(600_000) }));
      const before = readdirSync("/proc/self/fd").length;
      await expect(images.load(chunks(tar(...files), 4 << 20))).rejects.toMatchObject({ code: "NO_SPACE" });
      // What another test left to be closed may be closed meanwhile.
      expect(readdirSync("/proc/self/fd").length).toBeLessThanOrEqual(before);
      expect([readdirSync(join(folder.path, "ingest")), blobs(folder.path)]).toEqual([[], []]);
      await images.close();
    } finally {
      execFileSync("umount", [folder.path]);
      folder[Symbol.dispose]();
    }
  });

  test.each([
    ["while the archive is stored", randomBytes(6 << 20)],
    ["while a layer is unpacked", gzip(tar({ name: "zeros", content: Buffer.alloc(6 << 20) }))],
  ])("%s is said, and what was there stays", async (_, bytes) => {
    const folder = temporaryFolder("full");
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=4m", "inro-test", folder.path]);
    try {
      const images = await openImages({ root: folder.path, native });
      const kept = await load(images, "kept", layer("x"));
      const archive = dockerArchive(
        "large",
        [bytes],
        [sha256(tar({ name: "zeros", content: Buffer.alloc(6 << 20) }))],
      );
      await expect(images.load(chunks(archive))).rejects.toMatchObject({
        code: "NO_SPACE",
        why: expect.stringMatching(/^the disk is full: \S+ \S+ were needed, 0 bytes are free$/),
      });
      expect(images.list()).toEqual([kept]);
      expect(snapshots(folder.path)).toEqual(kept.chainIds.map((id) => id.slice(7)));
      expect(blobs(folder.path).length).toBe(3);
      await images.close();
    } finally {
      execFileSync("umount", [folder.path]);
      folder[Symbol.dispose]();
    }
  });
});

describe.skipIf(rootMissing)("a container's root", () => {
  const tree = trees(native);
  const textAt = async (rootfs: Awaited<ReturnType<Images["prepare"]>>, path: string) => {
    if (rootfs.kind !== "overlay") return undefined;
    return (await tree.stat(rootfs, path))?.type;
  };

  test("shows the layers with their whiteouts, and takes what is written", async () => {
    await using store = await testStore();
    const below = tar(
      { name: "gone", content: "" },
      { name: "opaque/old", content: "" },
      { name: "again/old", content: "" },
      { name: "kept", content: "" },
    );
    const above = tar(
      { name: ".wh.gone" },
      { name: "opaque/new", content: "" },
      { name: "opaque/.wh..wh..opq" },
      { name: ".wh.again" },
      { name: "again/new", content: "" },
    );
    const image = await load(store.images, "app", below, above);
    using container = temporaryFolder("container");
    const rootfs = await store.images.prepare(container.path, image);
    expect(rootfs).toEqual({
      kind: "overlay",
      folder: container.path,
      lower: ["l/0", "l/1", "l/2"],
      upper: "upper",
      work: "work",
      mountpoint: "rootfs",
    });
    expect(readlinkSync(join(container.path, "l/0"))).toEndWith(`${(image.chainIds[1] ?? "").slice(7)}/fs`);
    const seen: Record<string, string | undefined> = {};
    for (const path of ["gone", "opaque/old", "opaque/new", "again/old", "again/new", "kept"])
      seen[path] = await textAt(rootfs, path);
    expect(seen).toEqual({
      gone: undefined,
      "opaque/old": undefined,
      "opaque/new": "file",
      "again/old": undefined,
      "again/new": "file",
      kept: "file",
    });
  });

  test("is locked until it is released", async () => {
    await using store = await testStore();
    const image = await load(store.images, "app", layer("x"));
    using container = temporaryFolder("container");
    await store.images.prepare(container.path, image);
    await expect(store.images.prepare(container.path, image)).rejects.toMatchObject({
      code: "ROOTFS_IN_USE",
    });
    writeFileSync(join(container.path, "upper/mine"), "");
    await store.images.release(container.path);
    await store.images.prepare(container.path, image);
    expect(existsSync(join(container.path, "upper/mine"))).toBe(true);
  });

  test("can have 130 layers, or none", async () => {
    await using store = await testStore();
    const many = Array.from({ length: 130 }, (_, i) => tar({ name: `layer-${i}`, content: "" }));
    using container = temporaryFolder("container");
    const rootfs = await store.images.prepare(container.path, await load(store.images, "many", ...many));
    expect([await textAt(rootfs, "layer-0"), await textAt(rootfs, "layer-129")]).toEqual(["file", "file"]);
    using other = temporaryFolder("container");
    expect(await textAt(await store.images.prepare(other.path, await load(store.images, "none")), "/")).toBe(
      "directory",
    );
  }, 30_000);
});

describe.skipIf(rootMissing)("the built-in image", () => {
  test("is there from the start, the same everywhere, and runs under its short name", async () => {
    await using one = await testStore(hello);
    await using other = await testStore(hello);
    const image = one.images.resolve("hello");
    expect(image.names).toEqual(["localhost/hello:latest"]);
    expect(image.config.config.Cmd).toEqual(["/hello"]);
    expect(other.images.resolve("localhost/hello:latest").id).toBe(image.id);
    const top = join(one.root, "snapshots", (image.chainIds.at(-1) ?? "").slice(7), "fs/hello");
    expect(readFileSync(top).equals(readFileSync(hello))).toBe(true);
    expect(statSync(top).mode & 0o777).toBe(0o755);
  });

  test("follows the program, and leaves an image of the user's own alone", async () => {
    using folder = temporaryFolder("builtin");
    const program = join(folder.path, "program");
    writeFileSync(program, "one");
    await using store = await testStore(program);
    const before = store.images.resolve("hello").id;
    writeFileSync(program, "two");
    await store.reopen();
    expect(store.images.resolve("hello").id).not.toBe(before);
    const own = await load(store.images, "localhost/hello", layer("own"));
    await store.reopen();
    expect(store.images.resolve("hello").id).toBe(own.id);
  });
});

describe.skipIf(rootMissing || tool("skopeo") === undefined || tool("umoci") === undefined)(
  "other tools",
  () => {
    const host = machine();
    const skopeo = (...words: string[]) => host.run(tool("skopeo") ?? "", ["--insecure-policy", ...words]);

    test("skopeo and umoci read the store as the OCI image layout that it is", async () => {
      await using store = await testStore(hello);
      const inspected = await skopeo("inspect", `oci:${store.root}:localhost/hello:latest`);
      expect(JSON.parse(inspected.stdout)).toMatchObject({
        Os: "linux",
        Layers: store.images.resolve("hello").layers.map(({ digest }) => digest),
      });
      using out = temporaryFolder("umoci");
      const unpacked = await host.run(tool("umoci") ?? "", [
        "unpack",
        "--image",
        `${store.root}:localhost/hello:latest`,
        join(out.path, "bundle"),
      ]);
      expect(unpacked.code).toBe(0);
      expect(readFileSync(join(out.path, "bundle/rootfs/hello")).equals(readFileSync(hello))).toBe(true);
    });

    test("archives that skopeo writes are loaded with their names: docker's, old and new, and OCI's", async () => {
      using made = temporaryFolder("archives");
      writeLayout(join(made.path, "layout"), "src", {
        layers: [layer("one"), layer("two")],
        config: { Cmd: ["x"] },
      });
      const from = `oci:${made.path}/layout:src`;
      const archives = [
        `docker-archive:${made.path}/docker.tar:team/app:1`,
        `oci-archive:${made.path}/oci.tar:team/app:1`,
      ];
      for (const to of archives) expect(await skopeo("copy", from, to)).toMatchObject({ code: 0 });
      for (const name of ["docker.tar", "oci.tar"]) {
        await using store = await testStore();
        const [image] = await store.images.load(Bun.file(join(made.path, name)).stream());
        expect(image?.names).toEqual(["docker.io/team/app:1"]);
        expect(image?.config.config.Cmd).toEqual(["x"]);
        expect(
          readFileSync(join(store.root, "snapshots", (image?.chainIds[1] ?? "").slice(7), "fs/file"), "utf8"),
        ).toBe("two");
      }
    }, 20_000);
  },
);

describe("what is no archive of images is refused, and nothing of it stays", () => {
  const cases: [what: string, bytes: Uint8Array, why: string][] = [
    ["nothing", Buffer.alloc(0), "it holds no image"],
    ["a text", Buffer.from("hello".repeat(500)), "checksum"],
    ["a tar of something else", tar({ name: "readme", content: "x" }), "it holds no image"],
    [
      "a damaged gzip",
      Buffer.concat([gzip(Buffer.alloc(9000)).subarray(0, 20), Buffer.alloc(50)]),
      "cannot decompress",
    ],
    [
      "a manifest that is no JSON",
      tar({ name: "manifest.json", content: "{" }),
      "manifest.json is malformed",
    ],
    [
      "a path out of the archive",
      tar({ name: "manifest.json", type: "symlink", linkName: "../../etc/passwd" }),
      "leads out of the archive",
    ],
    [
      "a configuration outside",
      tar({ name: "manifest.json", content: JSON.stringify([{ Config: "../../etc/passwd", Layers: [] }]) }),
      "leads upwards",
    ],
    ["a device", tar({ name: "manifest.json", type: "block", major: 8 }), "is a block"],
  ];
  for (const [what, bytes, why] of cases) {
    test(what, async () => {
      await using store = await testStore();
      await expect(store.images.load(chunks(bytes))).rejects.toMatchObject({
        code: "ARCHIVE_INVALID",
        message: expect.stringContaining(why),
      });
      expect([blobs(store.root), snapshots(store.root), store.images.list()]).toEqual([[], [], []]);
    });
  }
  test("a layer that the archive lacks", async () => {
    await using store = await testStore();
    const archive = tar(
      {
        name: "c.json",
        content: JSON.stringify({
          architecture: "amd64",
          os: "linux",
          rootfs: { type: "layers", diff_ids: [sha256(Buffer.of())] },
        }),
      },
      {
        name: "manifest.json",
        content: JSON.stringify([{ Config: "c.json", RepoTags: null, Layers: ["a/layer.tar"] }]),
      },
    );
    await expect(store.images.load(chunks(archive))).rejects.toMatchObject({
      code: "ARCHIVE_INVALID",
      why: 'it has no "a/layer.tar"',
    });
  });
});
