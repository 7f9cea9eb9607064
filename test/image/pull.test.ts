import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Image, PullOptions, PullProgress } from "../../src/image/images.ts";
import { parseReference } from "../../src/oci/reference.ts";
import { rootMissing } from "../support/engine.ts";
import { machine } from "../support/host.ts";
import { type Registry, registry, registryMissing } from "../support/registry.ts";
import { tar, testStore } from "./fixtures.ts";
import { type Fault, type Passing, proxy } from "./proxy.ts";

const noise = randomBytes(3 << 20);
const layers = [
  tar(
    { name: "etc/", mode: 0o750 },
    { name: "etc/motd", content: "from below" },
    { name: "gone", content: "x" },
  ),
  tar({ name: "noise", content: noise }),
  tar({ name: ".wh.gone" }, { name: "etc/deep/new", content: "from above" }),
];
const snapshot = (root: string, image: Image, layer: number) =>
  join(root, "snapshots", (image.chainIds[layer] ?? "").slice(7), "fs");

describe.skipIf(rootMissing || registryMissing)("pull from a real registry", () => {
  let real: Registry;
  const host = machine();

  beforeAll(async () => {
    real = await registry(host);
    await real.push("team/app:1.0", { layers, config: { Cmd: ["/bin/true"], Env: ["A=b"] } });
    await real.push("other:arm", { layers, architecture: "arm64" });
  }, 30_000);
  afterAll(async () => {
    await real[Symbol.asyncDispose]();
    host[Symbol.dispose]();
  });

  const pullThrough = async (decide: (passing: Passing) => Fault, options: PullOptions = {}) => {
    await using between = await proxy(real.address, decide);
    await using store = await testStore();
    const name = `${between.address}/team/app:1.0`;
    const outcome = await store.images.pull(parseReference(name), options).then(
      (image) => ({ image, error: undefined }),
      (error: { code: string; message: string }) => ({ image: undefined, error }),
    );
    const left = {
      images: store.images.list().length,
      ingest: readdirSync(join(store.root, "ingest")),
      unfinished: readdirSync(join(store.root, "snapshots")).filter((each) => each.startsWith(".")),
    };
    expect(left).toEqual({ images: outcome.image === undefined ? 0 : 1, ingest: [], unfinished: [] });
    return { ...outcome, seen: between.seen, size: outcome.image?.size };
  };
  const blobs = (passing: Passing) => passing.path.includes("/blobs/");

  test("an image arrives with its layers, names and configuration, and is still there afterwards", async () => {
    await using store = await testStore();
    const heard: PullProgress[] = [];
    const image = await store.images.pull(parseReference(`${real.address}/team/app:1.0`), {
      onProgress: (p) => heard.push(p),
    });
    expect(image.names).toEqual([`${real.address}/team/app:1.0`]);
    expect(image.repoDigests[0]).toMatch(new RegExp(`^${real.address}/team/app@sha256:[0-9a-f]{64}$`));
    expect(image.config.config).toMatchObject({ Cmd: ["/bin/true"], Env: ["A=b"] });
    expect(image.size).toBe("from below".length + 1 + noise.length + "from above".length);
    expect(readFileSync(join(snapshot(store.root, image, 1), "noise")).equals(noise)).toBe(true);
    // A folder that the uppermost layer only implies looks as it did below.
    const { statSync } = await import("node:fs");
    expect(statSync(join(snapshot(store.root, image, 2), "etc")).mode & 0o777).toBe(0o750);
    expect(statSync(join(snapshot(store.root, image, 2), "etc/deep")).mode & 0o777).toBe(0o755);
    expect(heard[0]).toMatchObject({ kind: "resolved", layers: image.layers.map(({ digest }) => digest) });
    for (const { digest, size } of image.layers) {
      const states = heard.flatMap((p) => (p.kind === "layer" && p.digest === digest ? [p.state] : []));
      expect(states[0]).toEqual({ state: "waiting" });
      expect(states).toContainEqual({ state: "downloading", bytes: size, total: size });
      expect(states.at(-1)).toEqual({ state: "done" });
    }
    const again = await store.reopen();
    expect(again.list()).toEqual([image]);
    const second: PullProgress[] = [];
    await again.pull(parseReference(`${real.address}/team/app:1.0`), { onProgress: (p) => second.push(p) });
    expect(second.flatMap((p) => (p.kind === "layer" ? [p.state.state] : []))).toEqual([
      ...Array(3).fill("waiting"),
      ...Array(3).fill("present"),
    ]);
  });

  test("by digest, the image has no tag and is found by its digest", async () => {
    await using store = await testStore();
    const [digest] = (await store.images.pull(parseReference(`${real.address}/team/app:1.0`))).repoDigests;
    await store.images.remove(`${real.address}/team/app:1.0`, { force: false, inUse: () => [] });
    const image = await store.images.pull(parseReference(digest as string));
    expect(image.names).toEqual([]);
    expect(store.images.resolve(digest as string).id).toBe(image.id);
  });

  test("two pulls of one image at once download each blob once", async () => {
    await using between = await proxy(real.address, () => ({ slow: 50 }));
    await using store = await testStore();
    const reference = parseReference(`${between.address}/team/app:1.0`);
    const [first, second] = await Promise.all([store.images.pull(reference), store.images.pull(reference)]);
    expect(first).toEqual(second);
    const layerDownloads = between.seen.filter((each) =>
      first.layers.some(({ digest }) => each.path.includes(digest)),
    );
    expect(layerDownloads.length).toBe(3);
  });

  test("a connection that breaks in the middle of a layer is resumed where it broke", async () => {
    const { image, seen } = await pullThrough((p) =>
      blobs(p) && p.before === 0 ? { cutAfter: 1_000_000 } : undefined,
    );
    expect(image?.names.length).toBe(1);
    // What was on its way when the connection broke may be lost with it.
    const resumed = seen.flatMap(({ range }) => /^bytes=(\d+)-$/.exec(range ?? "")?.[1] ?? []).map(Number);
    expect(resumed).toEqual([expect.any(Number)]);
    expect(resumed[0]).toBeWithin(1, 1_000_001);
  });

  test("a registry that is busy is asked again after the time that it names", async () => {
    const busy: Fault = { status: 429, headers: { "retry-after": "0" } };
    const { image } = await pullThrough((p) =>
      p.before < 2 && p.path.includes("/manifests/") ? busy : undefined,
    );
    expect(image?.names.length).toBe(1);
  });

  test("a damaged layer is refused by its digest", async () => {
    const { error } = await pullThrough((p) => (blobs(p) ? { flipAt: 120 } : undefined));
    expect(error?.code).toBe("DIGEST_MISMATCH");
  });

  test("a damaged layer deep in its data is refused by its digest", async () => {
    const { error } = await pullThrough((p) => (blobs(p) ? { flipAt: 2_000_000 } : undefined));
    expect(error?.code).toBe("DIGEST_MISMATCH");
    expect(error?.message).toMatch(
      /cannot store blob sha256:.*: its content is sha256:.* was promised \(it was damaged/,
    );
  });

  test("a damaged manifest is refused by the digest that the registry tells", async () => {
    const { error } = await pullThrough((p) =>
      p.path.includes("/manifests/") ? { flipAt: 400 } : undefined,
    );
    expect(error?.code).toBe("DIGEST_MISMATCH");
  });

  test("a layer that is always cut short is given up, and says how far it came", async () => {
    const { error } = await pullThrough((p) =>
      blobs(p) && p.before === 0
        ? { cutAfter: 1_000_000 }
        : blobs(p) && p.range !== undefined
          ? { status: 416 }
          : undefined,
    );
    expect(error?.code).toBe("BLOB_TRUNCATED");
  });

  test("a layer shorter than promised is refused before it is downloaded", async () => {
    const { error } = await pullThrough((p) =>
      blobs(p) ? { status: 200, headers: { "content-length": "3" }, body: "abc" } : undefined,
    );
    expect(error?.message).toMatch(/the registry has 3 bytes, the manifest promises \d+/);
  });

  test("an unknown image, an unknown tag", async () => {
    await using store = await testStore();
    for (const name of ["nobody/nothing:1", "team/app:2.0"]) {
      await expect(store.images.pull(parseReference(`${real.address}/${name}`))).rejects.toMatchObject({
        code: "NO_SUCH_IMAGE",
        message: `cannot pull "${real.address}/${name}": ${real.address} has no such image (check the name and the tag)`,
      });
    }
  });

  test("a registry that is down is reported at once", async () => {
    await using store = await testStore();
    const before = performance.now();
    await expect(store.images.pull(parseReference("127.0.0.1:1/x"))).rejects.toMatchObject({
      code: "REGISTRY_UNREACHABLE",
      message: expect.stringContaining("cannot reach the registry 127.0.0.1:1: nobody listens there"),
    });
    expect(performance.now() - before).toBeLessThan(2000);
  });

  test("an image for another machine names the platforms that there are", async () => {
    await using store = await testStore();
    const index = {
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.index.v1+json",
      manifests: [
        {
          mediaType: "application/vnd.oci.image.manifest.v1+json",
          digest: `sha256:${"a".repeat(64)}`,
          size: 2,
          platform: { os: "linux", architecture: "s390x" },
        },
      ],
    };
    await using between = await proxy(real.address, (p) =>
      p.path.includes("/manifests/")
        ? { status: 200, headers: { "content-type": index.mediaType }, body: JSON.stringify(index) }
        : undefined,
    );
    await expect(
      store.images.pull(parseReference(`${between.address}/x:1`), {
        platform: { os: "linux", architecture: "amd64" },
      }),
    ).rejects.toMatchObject({
      code: "NO_MATCHING_PLATFORM",
      hint: "it has linux/s390x",
    });
  });

  test("a token is fetched for the repository, and the credentials go to the token service alone", async () => {
    const tokens: { path: string; authorization: string | undefined }[] = [];
    const service = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch(request) {
        tokens.push({
          path: new URL(request.url).search,
          authorization: request.headers.get("authorization") ?? undefined,
        });
        return Response.json({ token: "let-me-in" });
      },
    });
    const challenge = `Bearer realm="http://127.0.0.1:${service.port}/token",service="test",scope="repository:team/app:pull"`;
    const { image, seen } = await pullThrough(
      (p) =>
        p.authorization === "Bearer let-me-in" || p.path === "/v2/"
          ? undefined
          : { status: 401, headers: { "www-authenticate": challenge } },
      { auth: { username: "me", password: "secret" } },
    );
    await service.stop(true);
    expect(image?.names.length).toBe(1);
    expect(tokens).toEqual([
      {
        path: "?service=test&scope=repository%3Ateam%2Fapp%3Apull",
        authorization: `Basic ${btoa("me:secret")}`,
      },
    ]);
    expect(
      seen.every(({ authorization }) => authorization === undefined || authorization === "Bearer let-me-in"),
    ).toBe(true);
  });

  test("without the right credentials it says so", async () => {
    const { error } = await pullThrough((p) =>
      p.path === "/v2/" ? undefined : { status: 401, headers: { "www-authenticate": "Basic realm=x" } },
    );
    expect(error).toMatchObject({ code: "UNAUTHORIZED" });
    expect(error?.message).toContain("check the name, or log in to 127.0.0.1");
  });

  test("basic authentication", async () => {
    const right = `Basic ${btoa("me:secret")}`;
    const { image } = await pullThrough(
      (p) =>
        p.authorization === right || p.path === "/v2/"
          ? undefined
          : { status: 401, headers: { "www-authenticate": 'Basic realm="x"' } },
      { auth: { username: "me", password: "secret" } },
    );
    expect(image?.names.length).toBe(1);
  });

  test("a redirect to another host does not take the credentials along", async () => {
    const heard: (string | null)[] = [];
    const storage = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      async fetch(request) {
        heard.push(request.headers.get("authorization"));
        const { pathname } = new URL(request.url);
        return await fetch(`http://${real.address}${pathname}`);
      },
    });
    const right = `Basic ${btoa("me:secret")}`;
    const { image } = await pullThrough(
      (p) => {
        if (p.authorization !== right && p.path !== "/v2/")
          return { status: 401, headers: { "www-authenticate": 'Basic realm="x"' } };
        return blobs(p)
          ? { status: 307, headers: { location: `http://127.0.0.1:${storage.port}${p.path}` } }
          : undefined;
      },
      { auth: { username: "me", password: "secret" } },
    );
    await storage.stop(true);
    expect(image?.names.length).toBe(1);
    expect(heard).toEqual([null, null, null, null]);
  });

  test("a pull that is stopped leaves nothing half", async () => {
    const stop = new AbortController();
    const { error } = await pullThrough(
      (p) => {
        if (blobs(p)) setTimeout(() => stop.abort(), 20);
        return blobs(p) ? { slow: 3000 } : undefined;
      },
      { signal: stop.signal },
    );
    expect(error).toBeDefined();
  });
});
