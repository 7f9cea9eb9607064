import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { collect } from "../../src/client/client.ts";
import { type Finding, type Images, openImages, type PushProgress } from "../../src/image/images.ts";
import { parseReference } from "../../src/oci/reference.ts";
import { rootMissing } from "../support/engine.ts";
import { machine } from "../support/host.ts";
import type { TestImage } from "../support/oci-layout.ts";
import { type Registry, registry, registryMissing } from "../support/registry.ts";
import { chunks, native as program, tar, testStore } from "./fixtures.ts";

const own = process.arch === "x64" ? "amd64" : "arm64";
const other = own === "amd64" ? "arm64" : "amd64";
const foreign = { os: "linux", architecture: other };
const native = { os: "linux", architecture: own };
const image = (architecture: string, text = ""): TestImage => ({
  architecture,
  layers: [tar({ name: "shared", content: "shared" }), tar({ name: "own", content: architecture + text })],
});

describe.skipIf(rootMissing || registryMissing)("an index is kept as it came", () => {
  const host = machine();
  let remote: Registry;
  let reference: string;
  let digest: string;
  const name = () => parseReference(reference);
  const elsewhere = (path: string) => parseReference(`${remote.address}/${path}`);
  const pull = (images: Images, platform?: typeof native | "all") =>
    images.pull(name(), platform === undefined ? {} : { platform });

  beforeAll(async () => {
    remote = await registry(host);
    // Not this machine's first: an index is not chosen from by order.
    ({ reference, digest } = await remote.pushIndex("multi:1", [image(other), image(own)]));
  });
  afterAll(() => remote?.[Symbol.asyncDispose]());

  test("one platform is pulled; the others are known and not here", async () => {
    await using store = await testStore();
    const pulled = await pull(store.images);
    expect(pulled).toMatchObject({
      architecture: own,
      names: [reference],
      repoDigests: [`${reference.replace(/:1$/, "")}@${digest}`],
      roots: [digest],
      family: [pulled.id],
    });
    const index = JSON.parse(readFileSync(join(store.root, "index.json"), "utf8"));
    expect(index.manifests[0].digest).toBe(digest);
    const manifests = await store.images.manifests(pulled);
    expect(manifests.map(({ kind, isHere }) => [kind, isHere])).toEqual([
      ["image", false],
      ["image", true],
      ["attestation", false],
    ]);
    expect(manifests[2]?.about).toBe(manifests[0]?.descriptor.digest ?? expect.unreachable());
    expect(() => store.images.resolve(reference, foreign)).toThrow("it has no image for");
  });

  test("platforms of one name stand side by side, also after a restart", async () => {
    await using store = await testStore();
    const theirs = await pull(store.images, foreign);
    expect(store.images.resolve(reference).id).toBe(theirs.id);
    const ours = await pull(store.images);
    for (const images of [store.images, await store.reopen()]) {
      expect(images.list().length).toBe(2);
      expect(images.resolve(reference).id).toBe(ours.id);
      expect(images.resolve(reference, foreign).id).toBe(theirs.id);
      expect(images.resolve(theirs.id).family).toEqual([ours.id, theirs.id]);
    }
    await using elsewhere = await openImages({ root: store.root, native: program, platform: foreign }).then(
      (images) => Object.assign(images, { [Symbol.asyncDispose]: () => images.close() }),
    );
    expect(elsewhere.resolve(reference).id).toBe(theirs.id);
    const removal = await store.images.remove(reference, { force: false, inUse: () => [] });
    expect(removal.deleted.toSorted()).toEqual([ours.id, theirs.id].toSorted());
    expect(readdirSync(join(store.root, "blobs/sha256"))).toEqual([]);
  });

  test("an image with a name of its own is also a platform of an index: each name means what it should", async () => {
    await using store = await testStore();
    const theirs = await pull(store.images, foreign);
    const archive = await collect(await store.images.save([theirs.id]));
    await using second = await testStore();
    const [alone = expect.unreachable()] = await second.images.load(chunks(archive));
    await second.images.tag(alone, parseReference("alone:1"));
    const ours = await pull(second.images);
    expect(second.images.resolve(reference).id).toBe(ours.id);
    expect(second.images.resolve("alone:1").id).toBe(theirs.id);
    expect(second.images.resolve(theirs.id).family).toEqual([ours.id, theirs.id]);
    await second.images.remove(reference, { force: false, inUse: () => [] });
    expect(second.images.list().map(({ id, names }) => [id, names])).toEqual([
      [theirs.id, ["docker.io/library/alone:1"]],
    ]);
  });

  test("what one platform's container uses keeps the name's images", async () => {
    await using store = await testStore();
    const theirs = await pull(store.images, foreign);
    await pull(store.images);
    const inUse = (id: string) => (id === theirs.id ? ["web"] : []);
    await expect(store.images.remove(reference, { force: false, inUse })).rejects.toMatchObject({
      code: "IMAGE_IN_USE",
    });
    await store.images.remove(reference, { force: true, inUse });
    expect(store.images.resolve(theirs.id).names).toEqual([]);
  });

  test("a platform that is lost is swept, but not from beneath a container", async () => {
    const needed: string[] = [];
    await using store = await testStore(undefined, { needed: () => needed });
    await pull(store.images, foreign);
    const ours = await pull(store.images);
    const layers = () => readdirSync(join(store.root, "snapshots")).length;
    expect(layers()).toBe(3);
    needed.push(ours.id);
    await rm(join(store.root, "blobs", ours.id.replace(":", "/")));
    await store.reopen();
    expect([store.images.list().length, layers()]).toEqual([1, 3]);
    await pull(store.images);
    expect(store.images.resolve(reference).id).toBe(ours.id);
    await rm(join(store.root, "blobs", ours.id.replace(":", "/")));
    needed.pop();
    await store.reopen();
    expect(layers()).toBe(2);
  });

  test("all of it is pushed with the digest that it was pulled by; a part of it only where the rest is", async () => {
    await using store = await testStore();
    await pull(store.images);
    const told: PushProgress[] = [];
    const onProgress = (progress: PushProgress) => told.push(progress);
    const copy = elsewhere("copy:1");
    await store.images.tag(store.images.resolve(reference), copy);
    const alone = await store.images.push(copy, { onProgress });
    expect(alone.digest).toBe(store.images.resolve(reference).manifests[0] ?? expect.unreachable());
    expect(told.at(-1)).toMatchObject({ kind: "instead", index: { digest }, image: { platform: native } });
    // Where it came from the registry has the other manifests.
    await store.images.tag(store.images.resolve(reference), elsewhere("multi:again"));
    expect(await store.images.push(elsewhere("multi:again"))).toMatchObject({ digest });
    await pull(store.images, foreign);
    await expect(store.images.push(copy)).rejects.toMatchObject({ code: "INDEX_INCOMPLETE" });
    expect(await store.images.push(copy, { platform: foreign })).toMatchObject({
      digest: store.images.resolve(reference, foreign).manifests[0] ?? expect.unreachable(),
    });
    await pull(store.images, "all");
    expect(await store.images.push(copy)).toMatchObject({ digest });
  });

  test("save and load keep all platforms, and with --platform one", async () => {
    await using store = await testStore();
    await pull(store.images, "all");
    const archive = await collect(await store.images.save([reference]));
    await using second = await testStore();
    const [loaded] = await second.images.load(chunks(archive));
    expect(loaded?.roots).toEqual([digest as never]);
    expect(second.images.list().length).toBe(2);
    expect(await second.images.push(name())).toMatchObject({ digest });
    await using third = await testStore();
    const [chosen] = await third.images.load(chunks(archive), { platform: foreign });
    expect([chosen?.architecture, third.images.list().length]).toEqual([other, 1]);
    await using fourth = await testStore();
    const part = await collect(await store.images.save([reference], { platform: foreign }));
    await fourth.images.load(chunks(part));
    expect(fourth.images.resolve(reference).id).toBe(chosen?.id ?? expect.unreachable());
    expect(part.length).toBeLessThan(archive.length);
  });

  test("an index of which one image is here is saved as that image", async () => {
    await using store = await testStore();
    const { manifests, id } = await pull(store.images);
    await using second = await testStore();
    const [loaded] = await second.images.load(chunks(await collect(await store.images.save([reference]))));
    expect(loaded).toMatchObject({ id, roots: manifests });
  });

  test("a name that moves leaves its old index behind, whose other platforms go with it", async () => {
    const first = await remote.pushIndex("moving:1", [image(own, "1"), image(other, "1")]);
    await using store = await testStore();
    const before = await store.images.pull(parseReference(first.reference), { platform: "all" });
    const second = await remote.pushIndex("moving:1", [image(own, "2"), image(other, "2")]);
    const after = await store.images.pull(parseReference(second.reference));
    expect(store.images.resolve(first.reference).id).toBe(after.id);
    expect(store.images.resolve(before.id).names).toEqual([]);
    await store.images.remove(before.id, { force: false, inUse: () => [] });
    expect(store.images.list().map(({ id }) => id)).toEqual([after.id]);
    expect(existsSync(join(store.root, "blobs", first.digest.replace(":", "/")))).toBe(false);
    expect(existsSync(join(store.root, "blobs", second.digest.replace(":", "/")))).toBe(true);
  });

  test("a check finds no fault in what is not here; a platform that is damaged is repaired to not being here", async () => {
    await using store = await testStore();
    const theirs = await pull(store.images, foreign);
    const checked = async (repair: boolean) => {
      const found: Finding[] = [];
      const needed = new Set<string>();
      await store.images.check({ repair, needed, report: (finding) => found.push(finding) });
      return found;
    };
    expect(await checked(false)).toEqual([]);
    const ours = await pull(store.images);
    const [manifest = expect.unreachable()] = theirs.manifests;
    writeFileSync(join(store.root, "blobs", manifest.replace(":", "/")), "{");
    expect((await checked(true))[0]).toMatchObject({
      kind: "image-unreadable",
      done: expect.stringMatching(/^removed, with/),
    });
    expect(store.images.list().map(({ id }) => id)).toEqual([ours.id]);
    expect(await checked(false)).toEqual([]);
    await rm(join(store.root, "index.json"));
    writeFileSync(join(store.root, "index.json"), "{");
    await store.reopen();
    await checked(true);
    expect(store.images.list()).toMatchObject([{ id: ours.id, roots: [digest] }]);
  });
});
