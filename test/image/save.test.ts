import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { collect } from "../../src/client/client.ts";
import { type Images, openImages } from "../../src/image/images.ts";
import { parseReference } from "../../src/oci/reference.ts";
import { rootMissing } from "../support/engine.ts";
import { machine } from "../support/host.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { tool } from "../support/tools.ts";
import { chunks, dockerArchive, gzip, native, tar, testStore } from "./fixtures.ts";

const sha256 = (bytes: Uint8Array) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
const layer = (text: string) => tar({ name: "file", content: text });
const load = async (images: Images, name: string, ...layers: Uint8Array[]) =>
  (await images.load(chunks(dockerArchive(name, layers.map(gzip), layers.map(sha256)))))[0] ??
  expect.unreachable();
const saved = async (images: Images, ...names: string[]) => await collect(await images.save(names));
const named = (images: Images) => images.list().map(({ id, names, manifests }) => ({ id, names, manifests }));

describe.skipIf(rootMissing)("save", () => {
  test("several images are one archive, loaded elsewhere as they were; a shared layer is in it once", async () => {
    await using store = await testStore();
    const shared = layer("shared by both");
    const one = await load(store.images, "team/one:1", shared, layer("1"));
    await load(store.images, "two", shared, layer("2"));
    await store.images.tag(one, parseReference("again:x"));
    const archive = await saved(store.images, "team/one:1", "two", "again:x");
    expect(archive.equals(await saved(store.images, "team/one:1", "two", "again:x"))).toBe(true);
    expect(archive.toString("latin1").split(`${(one.layers[0]?.digest ?? "").slice(7)}\0`).length - 1).toBe(
      1,
    );
    await using other = await testStore();
    await other.images.load(chunks(archive));
    expect(named(other.images)).toEqual(named(store.images));
  });

  test("a repository's name means all of its tags, a tag only itself, an id none", async () => {
    await using store = await testStore();
    const first = await load(store.images, "app:1", layer("1"));
    await load(store.images, "app:2", layer("2"));
    await store.images.tag(first, parseReference("other:x"));
    const namesIn = async (asked: string) => {
      await using other = await testStore();
      const images = await other.images.load(chunks(await saved(store.images, asked)));
      return images.flatMap(({ names }) => names).sort();
    };
    expect(await namesIn("app")).toEqual(["docker.io/library/app:1", "docker.io/library/app:2"]);
    expect(await namesIn("app:1")).toEqual(["docker.io/library/app:1"]);
    expect(await namesIn(first.id.slice(7, 19))).toEqual([]);
  });

  test("what is missing, of another platform or damaged is no archive", async () => {
    await using store = await testStore();
    const image = await load(store.images, "app", layer("x"));
    await expect(store.images.save(["nobody"])).rejects.toMatchObject({ code: "NO_SUCH_IMAGE" });
    const platform = { os: "linux", architecture: "riscv64" };
    await expect(store.images.save(["app"], { platform })).rejects.toMatchObject({
      code: "NO_MATCHING_PLATFORM",
    });
    const blob = join(store.root, "blobs", (image.layers[0]?.digest ?? "").replace(":", "/"));
    const content = readFileSync(blob);
    writeFileSync(blob, Buffer.alloc(content.length));
    await expect(saved(store.images, "app")).rejects.toMatchObject({ code: "DIGEST_MISMATCH" });
    rmSync(blob);
    await expect(store.images.save(["app"])).rejects.toMatchObject({ code: "BLOB_MISSING" });
  });

  test("an image that is removed meanwhile stays until the archive is read, or given up", async () => {
    await using store = await testStore();
    const image = await load(store.images, "app", layer("x"));
    const blob = join(store.root, "blobs", (image.layers[0]?.digest ?? "").replace(":", "/"));
    const archive = await store.images.save(["app"]);
    await store.images.remove("app", { force: false, inUse: () => [] });
    expect(await Bun.file(blob).exists()).toBe(true);
    archive.destroy();
    for (let tries = 0; (await Bun.file(blob).exists()) && tries < 100; tries++) await Bun.sleep(10);
    expect(await Bun.file(blob).exists()).toBe(false);
  });

  test.skipIf(tool("skopeo") === undefined)(
    "skopeo reads it as either kind, digests equal",
    async () => {
      const host = machine();
      const skopeo = (...words: string[]) => host.run(tool("skopeo") ?? "", ["--insecure-policy", ...words]);
      using folder = temporaryFolder("save");
      await using store = await testStore();
      const image = await load(store.images, "team/app:1", layer("one"), layer("two"));
      const file = join(folder.path, "app.tar");
      writeFileSync(file, await saved(store.images, "team/app:1"));
      const oci = await skopeo("inspect", `oci-archive:${file}:docker.io/team/app:1`);
      expect(JSON.parse(oci.stdout)).toMatchObject({
        Digest: image.manifests[0],
        Layers: image.layers.map(({ digest }) => digest),
      });
      const docker = await skopeo("inspect", `docker-archive:${file}:team/app:1`);
      expect(JSON.parse(docker.stdout)).toMatchObject({ Layers: image.layers.map(({ diffId }) => diffId) });
      const copied = join(folder.path, "layout");
      expect(
        await skopeo("copy", "--preserve-digests", `oci-archive:${file}`, `oci:${copied}:x`),
      ).toMatchObject({ code: 0 });
      expect(readFileSync(join(copied, "index.json"), "utf8")).toContain(image.manifests[0] ?? "");
      // The layout of a saved archive is a data root's own: nothing else is needed to open it.
      const opened = await openImages({ root: copied, native });
      expect(opened.list().map(({ id }) => id)).toEqual([image.id]);
      await opened.close();
    },
    30_000,
  );
});
