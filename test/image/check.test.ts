import { describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { Finding, Image, Images } from "../../src/image/images.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { parseReference } from "../../src/oci/reference.ts";
import { rootMissing } from "../support/engine.ts";
import { machine } from "../support/host.ts";
import { registry, registryMissing } from "../support/registry.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { chunks, dockerArchive, type TestStore, tar, testStore } from "./fixtures.ts";

const layer = (text: string) => tar({ name: "file", content: text });
const archive = (name: string, ...layers: Uint8Array[]) => dockerArchive(name, layers, layers.map(digestOf));
const load = async (images: Images, name: string, ...layers: Uint8Array[]) =>
  (await images.load(chunks(archive(name, ...layers))))[0] ?? expect.unreachable();

async function check(images: Images, o: { repair?: boolean; needed?: readonly string[] } = {}) {
  const findings: Finding[] = [];
  const checked = await images.check({
    repair: o.repair ?? false,
    needed: new Set(o.needed ?? []),
    report: (finding) => findings.push(finding),
  });
  return { ...checked, findings, kinds: findings.map(({ kind }) => kind) };
}

interface Damaged {
  readonly store: TestStore;
  readonly image: Image;
  readonly other: Image;
  blob(digest: string): string;
  snapshot(chainId: string | undefined): string;
}

/** A store of two images that share their lower layer. */
async function twoImages(): Promise<Damaged & AsyncDisposable> {
  const store = await testStore();
  const image = await load(store.images, "app:1", layer("shared"), layer("one"));
  const other = await load(store.images, "other:1", layer("shared"), layer("two"));
  expect((await check(store.images)).kinds).toEqual([]);
  return {
    store,
    image,
    other,
    blob: (digest) => join(store.root, "blobs", digest.replace(":", "/")),
    snapshot: (chainId = "") => join(store.root, "snapshots", chainId.slice(7)),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

function flip(path: string): void {
  const bytes = readFileSync(path);
  const at = bytes.length >> 1;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(path, bytes);
}

describe.skipIf(rootMissing)("a check of the store", () => {
  test("of sound images finds nothing, and says how much it read", async () => {
    await using d = await twoImages();
    // Two manifests, two configurations, three layers.
    expect(await check(d.store.images)).toMatchObject({ findings: [], blobs: 7, snapshots: 3, strays: true });
  });

  const toLayer: [damage: string, why: RegExp, (path: string) => void, kind: string][] = [
    ["a flipped bit", /^its content is sha256:/, flip, "blob-damaged"],
    [
      "a lost end",
      /^it has 10 bytes, and \d+ are on record/,
      (path) => truncateSync(path, 10),
      "blob-damaged",
    ],
    ["a lost file", /^it is not in the store/, (path) => rmSync(path), "blob-missing"],
  ];
  for (const [damage, why, hurt, kind] of toLayer) {
    test(`${damage} of a layer is found, and a repair makes way for a new copy of it`, async () => {
      await using d = await twoImages();
      const own = d.image.layers[1]?.digest ?? "";
      hurt(d.blob(own));
      const { findings } = await check(d.store.images);
      expect(findings).toMatchObject([
        { kind, what: `layer ${own} of app:1`, why: expect.stringMatching(why), done: null },
      ]);
      expect(findings[0]?.todo).toStartWith("`inro pull app:1`, or load it again");
      await check(d.store.images, { repair: true });
      expect((await check(d.store.images)).kinds).toEqual(["blob-missing"]);
      // What runs needs the snapshot alone, and that stays.
      expect(readFileSync(join(d.snapshot(d.image.chainIds[1]), "fs/file"), "utf8")).toBe("one");
      await load(d.store.images, "app:1", layer("shared"), layer("one"));
      expect((await check(d.store.images)).kinds).toEqual([]);
    });
  }

  for (const part of ["manifest", "configuration"] as const) {
    test(`a damaged ${part} makes an image unreadable: it goes by a repair, with what only it led to`, async () => {
      await using d = await twoImages();
      const digest = part === "manifest" ? (d.image.manifests[0] ?? "") : d.image.id;
      flip(d.blob(digest));
      await d.store.reopen();
      const { findings } = await check(d.store.images);
      expect(findings).toMatchObject([
        {
          kind: "image-unreadable",
          what: "image app:1",
          why: expect.stringContaining(`its ${part} ${digest}: its content`),
        },
      ]);
      const repaired = await check(d.store.images, { repair: true });
      expect(repaired.findings[0]?.done).toStartWith("taken out of the index");
      expect((await check(d.store.images)).kinds).toEqual([]);
      expect(d.store.images.list().map(({ names }) => names)).toEqual([["docker.io/library/other:1"]]);
      expect(readdirSync(join(d.store.root, "snapshots")).length).toBe(2);
    });

    test(`an unreadable image (${part}) that a container stands on stays until it is loaded again`, async () => {
      await using d = await twoImages();
      flip(d.blob(part === "manifest" ? (d.image.manifests[0] ?? "") : d.image.id));
      await d.store.reopen();
      const needed = [d.image.id];
      const { findings } = await check(d.store.images, { repair: true, needed });
      expect(findings).toMatchObject([{ kind: "image-unreadable", done: null }]);
      expect(findings[0]?.todo).toStartWith("a container may stand on it");
      expect(readdirSync(join(d.store.root, "snapshots")).length).toBe(3);
      expect((await check(d.store.images, { needed })).kinds).toEqual(["image-unreadable"]);
      await load(d.store.images, "app:1", layer("shared"), layer("one"));
      expect((await check(d.store.images, { needed })).kinds).toEqual([]);
    });
  }

  test("a snapshot that is not there is no fault: a container's root unpacks it", async () => {
    await using d = await twoImages();
    rmSync(d.snapshot(d.image.chainIds[0]), { recursive: true });
    expect((await check(d.store.images)).kinds).toEqual([]);
    using folder = temporaryFolder("container");
    await d.store.images.prepare(folder.path, d.image);
    expect(readFileSync(join(d.snapshot(d.image.chainIds[0]), "fs/file"), "utf8")).toBe("shared");
  });

  test("a half-made snapshot is made anew, but not beneath a container", async () => {
    await using d = await twoImages();
    const half = join(d.snapshot(d.image.chainIds[1]), "layer.json");
    truncateSync(half, 3);
    const needed = [d.image.id];
    expect((await check(d.store.images, { repair: true, needed })).findings).toMatchObject([
      { kind: "snapshot-damaged", done: null, todo: expect.stringContaining("containers may stand on it") },
    ]);
    expect(readFileSync(half, "utf8").length).toBe(3);
    expect((await check(d.store.images, { repair: true })).findings).toMatchObject([
      { done: "unpacked again" },
    ]);
    expect((await check(d.store.images)).kinds).toEqual([]);
  });

  test("what nothing leads to is found and removed: partial files, blobs, snapshots", async () => {
    await using d = await twoImages();
    const { root, images } = d.store;
    const paths = [
      join(root, "ingest/half"),
      join(root, "snapshots/.tmp-0123"),
      join(root, "blobs/sha256/no-blob"),
      d.blob(digestOf("left behind")),
      d.snapshot(digestOf("left behind")),
    ];
    for (const path of paths.filter((each) => each.includes("/snapshots/")))
      mkdirSync(join(path, "fs"), { recursive: true });
    for (const path of paths.filter((each) => !each.includes("/snapshots/")))
      writeFileSync(path, "left behind");
    const { findings } = await check(images);
    expect(findings.map(({ kind, what }) => ({ kind, what }))).toEqual(
      paths.map((what) => ({ kind: "stray", what })),
    );
    expect(paths.map((path) => existsSync(path))).toEqual(paths.map(() => true));
    await check(images, { repair: true });
    expect(paths.map((path) => existsSync(path))).toEqual(paths.map(() => false));
    expect((await check(images)).kinds).toEqual([]);
  });

  test("a load that is under way is no damage: its blobs are not called strays, nor removed", async () => {
    await using d = await twoImages();
    const gate = Promise.withResolvers<void>();
    const slow = async function* () {
      const bytes = archive("late:1", layer("late"));
      yield bytes.subarray(0, 2048);
      await gate.promise;
      yield bytes.subarray(2048);
    };
    const loading = d.store.images.load(slow());
    await Bun.sleep(20);
    expect(await check(d.store.images, { repair: true })).toMatchObject({ findings: [], strays: false });
    gate.resolve();
    await loading;
    expect(await check(d.store.images)).toMatchObject({ findings: [], strays: true });
  });

  const toIndex: [damage: string, edit: (text: string) => string, names: number][] = [
    ["an empty file", () => "", 0],
    ["a lost end", (text) => text.slice(0, text.lastIndexOf('"digest"')), 1],
    ["a broken brace", (text) => text.replace("{", "["), 2],
    ["another shape", () => '{"schemaVersion": 2, "manifests": "none"}', 0],
  ];
  for (const [damage, edit, names] of toIndex) {
    test(`${damage} instead of index.json: images are not touched, and a repair finds them`, async () => {
      await using d = await twoImages();
      const path = join(d.store.root, "index.json");
      const text = edit(readFileSync(path, "utf8"));
      writeFileSync(path, text);
      const blobs = readdirSync(join(d.store.root, "blobs/sha256")).length;
      await d.store.reopen();
      await expect(load(d.store.images, "more:1", layer("x"))).rejects.toMatchObject({
        code: "LAYOUT_DAMAGED",
      });
      expect((await check(d.store.images)).findings).toMatchObject([{ kind: "index-damaged", done: null }]);
      expect(readFileSync(path, "utf8")).toBe(text);
      expect(readdirSync(join(d.store.root, "blobs/sha256")).length).toBeGreaterThanOrEqual(blobs);
      const { findings } = await check(d.store.images, { repair: true });
      expect(findings.filter(({ kind }) => kind !== "stray")).toMatchObject([
        { kind: "index-damaged", done: expect.stringMatching(/^made anew of [23] manifests/) },
      ]);
      expect(readFileSync(`${path}.damaged`, "utf8")).toBe(text);
      const found = d.store.images.list();
      expect(found.map(({ id }) => id)).toEqual(expect.arrayContaining([d.image.id, d.other.id]));
      expect(found.filter((image) => image.names.length > 0).length).toBe(names);
      expect((await check(d.store.images)).kinds).toEqual([]);
      await d.store.images.tag(d.image, parseReference("app:1"));
      await d.store.reopen();
      expect(d.store.images.resolve("app:1").id).toBe(d.image.id);
    });
  }
});

describe.skipIf(rootMissing || registryMissing)("a pull", () => {
  test("fetches again what has lost its end, and what a repair took away", async () => {
    await using remote = await registry(machine());
    const name = parseReference(await remote.push("app:1", { layers: [layer("one"), layer("two")] }));
    await using store = await testStore();
    const image = await store.images.pull(name);
    const path = (digest: string) => join(store.root, "blobs", digest.replace(":", "/"));
    const [manifest = "", first = "", second = ""] = [
      ...image.manifests,
      ...image.layers.map(({ digest }) => digest),
    ];
    for (const digest of [manifest, image.id, first]) truncateSync(path(digest), 20);
    flip(path(second));
    expect((await check(store.images)).findings.length).toBeGreaterThan(0);
    await store.reopen();
    await store.images.pull(name);
    expect((await check(store.images)).findings).toMatchObject([
      { kind: "blob-damaged", what: expect.stringContaining(second) },
    ]);
    await check(store.images, { repair: true });
    await store.images.pull(name);
    expect((await check(store.images)).kinds).toEqual([]);
  });
});
