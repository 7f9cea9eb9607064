import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { openRepository, type Repository } from "../../src/image/registry/repository.ts";
import { parseReference } from "../../src/oci/reference.ts";
import { rootMissing } from "../support/engine.ts";
import { machine } from "../support/host.ts";
import { type Registry, registry, registryMissing } from "../support/registry.ts";
import { gzip, tar, testStore } from "./fixtures.ts";
import { writtenRegistry } from "./written-registry.ts";

const ociManifest = "application/vnd.oci.image.manifest.v1+json";
const ociConfig = "application/vnd.oci.image.config.v1+json";
const gzipLayer = "application/vnd.oci.image.layer.v1.tar+gzip";
const digestOf = (bytes: Uint8Array) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

describe.skipIf(rootMissing || registryMissing)("manifests that are no common images", () => {
  const host = machine();
  let remote: Registry;
  let repository: Repository;
  const at = (tag: string) => parseReference(`${remote.address}/odd:${tag}`);
  const put = async (tag: string, manifest: object) => {
    const content = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: ociManifest, ...manifest }));
    await repository.putManifest({ content, mediaType: ociManifest }, tag);
  };
  const configOf = async (diffIds: readonly string[], more: object = {}) => {
    const rootfs = { type: "layers", diff_ids: diffIds };
    const config = { os: "linux", architecture: "amd64", config: {}, rootfs, ...more };
    const blob = await repository.putBytes(Buffer.from(JSON.stringify(config)));
    return { mediaType: ociConfig, ...blob };
  };

  beforeAll(async () => {
    remote = await registry(host);
    repository = await openRepository(at("x"), { access: "push" });
  });
  afterAll(() => remote?.[Symbol.asyncDispose]());

  test("an artifact is no container image, and nothing of it stays", async () => {
    const blob = await repository.putBytes(Buffer.from("a chart"));
    const config = {
      mediaType: "application/vnd.oci.empty.v1+json",
      ...(await repository.putBytes(Buffer.from("{}"))),
    };
    const layers = [{ mediaType: "application/vnd.cncf.helm.chart.content.v1.tar+gzip", ...blob }];
    await put("artifact", { artifactType: "application/vnd.cncf.helm.config.v1+json", config, layers });
    await using store = await testStore();
    await expect(store.images.pull(at("artifact"))).rejects.toMatchObject({
      code: "IMAGE_INVALID",
      why: expect.stringMatching(/no container image.*helm/),
    });
    expect(store.images.list()).toEqual([]);
  });

  test("a layer that may not be distributed, and is not at the registry", async () => {
    await using written = await writtenRegistry();
    const elsewhere = { ...parseReference(`${written.address}/odd`), tag: "foreign" };
    const push = await openRepository(elsewhere, { access: "push" });
    const [layer, rootfs] = [tar({ name: "file", content: "elsewhere" }), { type: "layers" }];
    const config = { os: "linux", architecture: "amd64", rootfs: { ...rootfs, diff_ids: [digestOf(layer)] } };
    const mediaType = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip";
    const packed = gzip(layer);
    const urls = ["https://example.com/layer"];
    const manifest = {
      ...{ schemaVersion: 2, mediaType: ociManifest },
      config: { mediaType: ociConfig, ...(await push.putBytes(Buffer.from(JSON.stringify(config)))) },
      layers: [{ mediaType, digest: digestOf(packed), size: packed.length, urls }],
    };
    const content = Buffer.from(JSON.stringify(manifest));
    await push.putManifest({ content, mediaType: ociManifest }, "foreign");
    await using store = await testStore();
    const pulled = store.images.pull(elsewhere).catch((error: unknown) => error);
    expect(await pulled).toMatchObject({
      code: "LAYER_UNDISTRIBUTED",
      why: expect.stringContaining("https://example.com/layer"),
    });
    await push.putBytes(packed);
    expect((await store.images.pull(elsewhere)).layers[0]?.mediaType).toBe(mediaType);
  });

  test("empty layers, layers twice, and annotations of all of it are kept", async () => {
    const empty = tar();
    const packed = gzip(empty);
    const layer = { mediaType: gzipLayer, ...(await repository.putBytes(packed)) };
    const noted = { ...layer, annotations: { "org.example": "layer" } };
    const history = [
      { created_by: "one" },
      { created_by: "ENV a=b", empty_layer: true },
      { created_by: "two" },
    ];
    const config = await configOf([digestOf(empty), digestOf(empty)], { history });
    await put("empty", { config, layers: [noted, layer], annotations: { "org.example": "manifest" } });
    await using store = await testStore();
    const image = await store.images.pull(at("empty"));
    expect(image.layers.length).toBe(2);
    const again = { ...at("again") };
    await store.images.tag(image, again);
    const { digest } = await store.images.push(again);
    const { content } = await repository.manifest(digest);
    expect(JSON.parse(content.toString("utf8"))).toMatchObject({
      annotations: { "org.example": "manifest" },
      layers: [{ annotations: { "org.example": "layer" } }, {}],
    });
    expect((await store.images.weigh(image)).map(({ bytes, files }) => [bytes, files])).toEqual([
      [0, 0],
      [0, 0],
    ]);
  });
});
