import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { Image, PushOptions, PushProgress } from "../../src/image/images.ts";
import { openBlobs, openIngest } from "../../src/image/layout/blobs.ts";
import { pushImage } from "../../src/image/push.ts";
import { openRepository } from "../../src/image/registry/repository.ts";
import type { Descriptor } from "../../src/oci/descriptor.ts";
import { digestOf, hexOf } from "../../src/oci/digest.ts";
import { parseReference } from "../../src/oci/reference.ts";
import { rootMissing } from "../support/engine.ts";
import { machine } from "../support/host.ts";
import { listening } from "../support/listening.ts";
import { type Registry, registry, registryMissing } from "../support/registry.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { passwordFile, tokenService } from "../support/token-service.ts";
import { tool } from "../support/tools.ts";
import { chunks, dockerArchive, gzip, native, type TestStore, tar, testStore } from "./fixtures.ts";
import { type WrittenOptions, writtenRegistry } from "./written-registry.ts";

const layers = [
  tar({ name: "etc/motd", content: "from below" }),
  tar({ name: "noise", content: randomBytes(3 << 20) }),
];
const me = { name: "me", password: "secret" };
const auth = { username: me.name, password: me.password };

/** Loads an image of two layers under a name. */
async function loaded(store: TestStore, name: string): Promise<Image> {
  const diffIds = layers.map((layer) => digestOf(layer));
  const [image] = await store.images.load(chunks(dockerArchive(name, layers, diffIds)));
  return image as Image;
}

/** A wire to `upstream` that breaks after so many bytes have gone up, once for each number; then it holds. */
async function breakingWire(upstream: string, breaks: number[]) {
  const [host, port] = upstream.split(":");
  const open = new Set<Socket>();
  const server = createServer((near) => {
    open.add(near);
    const far = connect(Number(port), host);
    let sent = 0;
    near.on("data", (bytes: Buffer) => {
      sent += bytes.length;
      far.write(bytes);
      if (sent < (breaks[0] ?? Number.POSITIVE_INFINITY)) return;
      breaks.shift();
      near.destroy();
      far.end();
    });
    far.on("data", (bytes: Buffer) => near.write(bytes));
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const)
      one.on("error", () => other.destroy()).on("close", () => other.destroy());
  });
  const listened = await listening(server);
  return {
    address: listened.address,
    async [Symbol.asyncDispose]() {
      for (const near of open) near.destroy();
      await listened[Symbol.asyncDispose]();
    },
  };
}

const states = (heard: readonly PushProgress[]) =>
  heard.flatMap((each) => (each.kind === "layer" && !("bytes" in each.state) ? [each.state.state] : []));

describe.skipIf(rootMissing)("push", () => {
  const pushInto = async (options: WrittenOptions, more: PushOptions = {}) => {
    await using registry = await writtenRegistry(options);
    await using store = await testStore();
    const name = `${registry.address}/team/app:1.0`;
    await loaded(store, name);
    const heard: PushProgress[] = [];
    const outcome = await store.images
      .push(parseReference(name), { ...more, onProgress: (progress) => heard.push(progress) })
      .then(
        (pushed) => ({ pushed, error: undefined }),
        (error: Error & { code?: string }) => ({ pushed: undefined, error }),
      );
    const { seen, open, manifests } = registry;
    return { ...outcome, heard, seen, open: open.size, tags: [...manifests.keys()], store };
  };

  test("blobs first, the tag last, and each layer told", async () => {
    const { pushed, heard, seen, tags } = await pushInto({});
    expect(tags).toEqual(["team/app:1.0", `team/app@${pushed?.digest}`]);
    expect(seen.findIndex(({ path }) => path.includes("/manifests/"))).toBe(seen.length - 1);
    expect(states(heard)).toEqual(["compressed", "compressed", "done", "done"]);
    expect(heard.find(({ kind }) => kind === "resolved")).toMatchObject({ layers: expect.any(Array) });
    expect(heard.at(-1)).toMatchObject({ kind: "pushed", tag: "1.0", digest: pushed?.digest });
  });

  test("again: nothing is sent; into another repository: everything is mounted", async () => {
    await using registry = await writtenRegistry();
    await using store = await testStore();
    const at = (name: string) => parseReference(`${registry.address}/${name}`);
    const image = await loaded(store, `${registry.address}/team/app:1.0`);
    const pushed = await store.images.push(at("team/app:1.0"));
    expect(store.images.resolve(image.id).repoDigests).toEqual([
      `${registry.address}/team/app@${pushed.digest}`,
    ]);
    const before = registry.received();
    const heard: PushProgress[] = [];
    const onProgress = (progress: PushProgress) => heard.push(progress);
    await store.images.push(at("team/app:1.0"), { onProgress });
    await store.images.tag(image, at("other/app:2.0"));
    const second = await store.images.push(at("other/app:2.0"), { onProgress });
    expect(states(heard)).toEqual(["present", "present", "mounted", "mounted"]);
    expect(second).toEqual({ ...pushed, tag: "2.0" });
    expect(registry.received()).toBe(before);
  });

  test("plain layers are compressed once: the image stays the same one, and their blobs go", async () => {
    await using registry = await writtenRegistry();
    await using store = await testStore();
    const at = (name: string) => parseReference(`${registry.address}/${name}`);
    const before = await loaded(store, `${registry.address}/team/app:1`);
    expect(before.layers.map(({ digest }) => digest)).toEqual(before.layers.map(({ diffId }) => diffId));
    const pushed = await store.images.push(at("team/app:1"));
    const after = store.images.resolve(before.id);
    const { id, names, chainIds, size, config } = before;
    expect(after).toMatchObject({ id, names, chainIds, size, config, manifests: [pushed.digest] });
    expect(after.layers.map(({ diffId }) => diffId)).toEqual(before.layers.map(({ diffId }) => diffId));
    const blob = (digest: string) => readFileSync(join(store.root, "blobs", digest.replace(":", "/")));
    for (const [i, { digest, mediaType }] of after.layers.entries()) {
      expect(mediaType).toBe("application/vnd.oci.image.layer.v1.tar+gzip");
      expect(gunzipSync(blob(digest)).equals(layers[i] as Buffer)).toBe(true);
    }
    const stored = readdirSync(join(store.root, "blobs/sha256"));
    for (const { diffId } of before.layers) expect(stored).not.toContain(hexOf(diffId));
    // The same layers in an image of another name, and configuration: they were compressed before.
    const copy = { config: { User: "me" } };
    const heard: PushProgress[] = [];
    const onProgress = (progress: PushProgress) => heard.push(progress);
    await store.images.load(
      chunks(dockerArchive(`${registry.address}/team/app:2`, layers, layers.map(digestOf), copy)),
    );
    await store.images.push(at("team/app:2"), { onProgress });
    expect(states(heard)).toEqual(["present", "present"]);
    expect((await store.reopen()).resolve(before.id).layers).toEqual(after.layers);
  });

  test("a layer that an image of Docker's form has compressed is not sent under Docker's type", async () => {
    await using registry = await writtenRegistry();
    await using store = await testStore();
    const at = (name: string) => parseReference(`${registry.address}/${name}`);
    const config = Buffer.from(
      JSON.stringify({
        os: "linux",
        architecture: native,
        config: {},
        rootfs: { type: "layers", diff_ids: layers.map(digestOf) },
      }),
    );
    const docker = "application/vnd.docker";
    const repository = await openRepository(at("team/docker:1"), { access: "push" });
    const put = async (mediaType: string, bytes: Buffer) => ({
      mediaType,
      ...(await repository.putBytes(bytes)),
    });
    const content = Buffer.from(
      JSON.stringify({
        ...{ schemaVersion: 2, mediaType: `${docker}.distribution.manifest.v2+json` },
        config: await put(`${docker}.container.image.v1+json`, config),
        layers: await Promise.all(
          layers.map((layer) => put(`${docker}.image.rootfs.diff.tar.gzip`, gzip(layer))),
        ),
      }),
    );
    await repository.putManifest({ content, mediaType: `${docker}.distribution.manifest.v2+json` }, "1");
    const pulled = await store.images.pull(at("team/docker:1"));
    await loaded(store, `${registry.address}/team/app:1`);
    const { digest } = await store.images.push(at("team/app:1"));
    const sent = JSON.parse(registry.manifests.get(`team/app@${digest}`)?.content.toString() ?? "");
    expect(sent.layers).toEqual(
      pulled.layers.map(({ digest: known, size }) => ({
        ...{ digest: known, size },
        mediaType: "application/vnd.oci.image.layer.v1.tar+gzip",
      })),
    );
  });

  test("a push that is stopped while it compresses changes nothing", async () => {
    await using registry = await writtenRegistry();
    await using store = await testStore();
    const name = `${registry.address}/team/app:1`;
    const before = await loaded(store, name);
    const stop = new AbortController();
    const onProgress = (progress: PushProgress) => {
      if (progress.kind === "layer" && progress.state.state === "compressing") stop.abort();
    };
    const push = store.images.push(parseReference(name), { signal: stop.signal, onProgress });
    await expect(push).rejects.toMatchObject({ name: "AbortError" });
    expect(store.images.resolve(before.id)).toEqual(before);
    expect(readdirSync(join(store.root, "ingest"))).toEqual([]);
    expect(registry.seen).toEqual([]);
  });

  test("what fails stops the rest, leaves no tag and nothing begun", async () => {
    const { error, tags, open } = await pushInto({
      decide: ({ method }) => (method === "PATCH" ? { status: 403 } : undefined),
    });
    expect(error?.code).toBe("UNAUTHORIZED");
    expect({ tags, open }).toEqual({ tags: [], open: 0 });
  });

  test("a push that is stopped leaves no tag and nothing begun", async () => {
    const stop = new AbortController();
    const { error, tags, open } = await pushInto(
      {
        decide: ({ method }) => {
          if (method === "PATCH") stop.abort();
          return undefined;
        },
      },
      { signal: stop.signal },
    );
    expect(error?.name).toBe("AbortError");
    expect({ tags, open }).toEqual({ tags: [], open: 0 });
  });

  test("a connection that breaks while an upload is given up does not leave it begun", async () => {
    const stop = new AbortController();
    const { error, open, seen } = await pushInto(
      {
        decide: ({ method, before }) => {
          if (method === "PATCH") stop.abort();
          return method === "DELETE" && before === 0 ? { cutAfter: 0 } : undefined;
        },
      },
      { signal: stop.signal },
    );
    expect(error?.name).toBe("AbortError");
    expect(seen.filter(({ method }) => method === "DELETE").length).toBeGreaterThan(1);
    expect(open).toBe(0);
  });

  test("a token that expires in the middle is replaced once for all that it served", async () => {
    let valid = 0;
    let given = 0;
    const tokens = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch() {
        valid = ++given;
        return Response.json({ token: `token-${valid}` });
      },
    });
    const challenge = `Bearer realm="http://127.0.0.1:${tokens.port}/t",service="x",scope="repository:team/app:pull"`;
    let uses = 0;
    const { pushed, error } = await pushInto({
      decide: ({ headers, path }) => {
        if (path === "/v2/") return undefined;
        // Each token is good for four requests; then all that are on their way are refused.
        if (headers.authorization === `Bearer token-${valid}` && uses++ < 4) return undefined;
        uses = 0;
        return { status: 401, headers: { "www-authenticate": challenge } };
      },
    });
    await tokens.stop(true);
    expect(error).toBeUndefined();
    expect(pushed?.tag).toBe("1.0");
    expect(given).toBeGreaterThan(1);
    expect(given).toBeLessThan(8);
  });

  test("a short-lived token is replaced before it expires, without a refusal", async () => {
    let given = 0;
    const tokens = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: () => Response.json({ token: `token-${++given}`, expires_in: 0.05 }),
    });
    const challenge = `Bearer realm="http://127.0.0.1:${tokens.port}/t",scope="repository:team/app:pull,push"`;
    let refused = 0;
    const { pushed } = await pushInto({
      decide: ({ headers, path }) => {
        if (path === "/v2/" || headers.authorization !== undefined) {
          Bun.sleepSync(30);
          return undefined;
        }
        refused++;
        return { status: 401, headers: { "www-authenticate": challenge } };
      },
    });
    await tokens.stop(true);
    expect(pushed?.tag).toBe("1.0");
    expect(given).toBeGreaterThan(2);
    // Four workers may find out at once.
    expect(refused).toBeLessThanOrEqual(4);
  });

  test("a name that nothing has, and a platform that the image is not for", async () => {
    await using store = await testStore();
    await expect(store.images.push(parseReference("127.0.0.1:1/x:1"))).rejects.toMatchObject({
      code: "NO_SUCH_IMAGE",
      message: expect.stringContaining("no image has this name (give it one with `inro tag`"),
    });
    const { error, seen } = await pushInto({}, { platform: { os: "linux", architecture: "s390x" } });
    expect(error).toMatchObject({ code: "NO_MATCHING_PLATFORM", hint: "it has linux/amd64" });
    expect(seen).toEqual([]);
  });

  test("an index goes after its images, and one platform of it alone", async () => {
    using folder = temporaryFolder("push");
    const blobs = await openBlobs(folder.path, await openIngest(folder.path), native);
    const type = "application/vnd.oci.image.manifest.v1+json";
    const image = async (architecture: string) => {
      const layer = await blobs.put(`layer of ${architecture}`);
      const config = await blobs.put(
        JSON.stringify({ os: "linux", architecture, rootfs: { type: "layers", diff_ids: [] } }),
      );
      const mediaType = "application/vnd.oci.image.layer.v1.tar";
      const foreign = {
        mediaType: "application/vnd.oci.image.layer.nondistributable.v1.tar",
        digest: digestOf("elsewhere"),
        size: 9,
        urls: ["https://example.com/layer"],
      };
      const manifest = {
        schemaVersion: 2,
        mediaType: type,
        config: { mediaType: "application/vnd.oci.image.config.v1+json", ...config },
        layers: [{ mediaType, ...layer }, foreign],
      };
      const platform = { os: "linux", architecture };
      return { mediaType: type, ...(await blobs.put(JSON.stringify(manifest))), platform };
    };
    const children = [await image("amd64"), await image("arm64")];
    const indexType = "application/vnd.oci.image.index.v1+json";
    const index = await blobs.put(
      JSON.stringify({ schemaVersion: 2, mediaType: indexType, manifests: children }),
    );
    const root = { mediaType: indexType, digest: index.digest };
    const store = { blobs, holder: () => undefined };
    await using all = await writtenRegistry();
    const reference = { ...parseReference(`${all.address}/app`), tag: "1" };
    expect((await pushImage(store, root, reference, {})).digest).toBe(index.digest);
    const puts = all.seen.filter(({ method, path }) => method === "PUT" && path.includes("/manifests/"));
    expect(puts.map(({ path }) => path.split("/").at(-1))).toEqual([
      ...children.map(({ digest }) => digest as string),
      "1",
    ]);
    await using one = await writtenRegistry();
    const platform = { os: "linux", architecture: "arm64" };
    const alone = { ...parseReference(`${one.address}/app`), tag: "1" };
    expect((await pushImage(store, root, alone, { platform })).digest).toBe(children[1]?.digest as never);
    expect([...one.manifests.keys()]).toEqual(["app:1", `app@${children[1]?.digest}`]);
    await blobs.remove(children[0]?.digest as never);
    // The registry has the other one.
    expect((await pushImage(store, root, reference, {})).digest).toBe(index.digest);
    // This one has not: the only image that is here goes there instead of the index.
    const told: PushProgress[] = [];
    const onProgress = (progress: PushProgress) => told.push(progress);
    const instead = await pushImage(store, root, alone, { onProgress });
    expect(instead.digest).toBe(children[1]?.digest as never);
    expect(told.at(-1)).toMatchObject({ kind: "instead", index: root, image: children[1] });
  });
});

describe.skipIf(rootMissing || registryMissing)("push to Debian's docker-registry", () => {
  const host = machine();
  let folder: ReturnType<typeof temporaryFolder>;
  let open: Registry;
  beforeAll(async () => {
    folder = temporaryFolder("push");
    open = await registry(host);
  }, 30_000);
  afterAll(async () => {
    await open[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
    host[Symbol.dispose]();
  });
  const skopeo = (...words: string[]) => host.run(tool("skopeo") ?? "skopeo", words);

  test("skopeo reads what was pushed, digests equal; a pull brings the same image back", async () => {
    await using store = await testStore();
    const name = `${open.address}/team/app:1.0`;
    const image = await loaded(store, name);
    const { digest } = await store.images.push(parseReference(name));
    const inspected = await skopeo("inspect", "--tls-verify=false", `docker://${name}`);
    expect(JSON.parse(inspected.stdout)).toMatchObject({
      Digest: digest,
      Layers: store.images.resolve(image.id).layers.map((layer) => layer.digest as string),
    });
    const copied = await skopeo(
      ...["--insecure-policy", "copy", "--src-tls-verify=false"],
      ...[`docker://${name}`, `oci:${join(folder.path, "copy")}:x`],
    );
    expect([copied.code, copied.stderr]).toEqual([0, ""]);
    await using other = await testStore();
    const back = await other.images.pull(parseReference(`${open.address}/team/app@${digest}`));
    expect({ id: back.id, manifests: back.manifests }).toEqual({ id: image.id, manifests: [digest] });
  });

  test.skipIf(tool("podman") === undefined)("podman pulls what was pushed, its digest equal", async () => {
    await using store = await testStore();
    const name = `${open.address}/team/app:podman`;
    const image = await loaded(store, name);
    const { digest } = await store.images.push(parseReference(name));
    const place = (name: string) => join(folder.path, name);
    // What it mounts for its storage goes with the namespace.
    const podman = (...words: string[]) =>
      host.run("unshare", [
        ...["--mount", tool("podman") ?? "podman", "--root", place("root"), "--runroot", place("run")],
        ...["--storage-driver", "vfs", "--cgroup-manager", "cgroupfs", ...words],
      ]);
    writeFileSync(place("policy.json"), '{"default":[{"type":"insecureAcceptAnything"}]}');
    const trust = ["--tls-verify=false", "--signature-policy", place("policy.json")];
    const pulled = await podman("pull", "-q", ...trust, name);
    expect(pulled).toEqual({ code: 0, stdout: `${image.id.slice("sha256:".length)}\n`, stderr: "" });
    const inspected = await podman("image", "inspect", "--format", "{{.Digest}}", name);
    expect(inspected.stdout.trim()).toBe(digest);
  });

  test("through a connection that breaks: docker-registry forgets such an upload, and it begins anew", async () => {
    await using store = await testStore();
    await using wire = await breakingWire(open.address, [2_000_000, 1_500_000]);
    const name = `${wire.address}/broken/app:1`;
    await loaded(store, name);
    const heard: PushProgress[] = [];
    const onProgress = (progress: PushProgress) => heard.push(progress);
    const { digest } = await store.images.push(parseReference(name), { onProgress });
    expect(states(heard).filter((state) => state === "retrying").length).toBeGreaterThanOrEqual(2);
    const repository = await openRepository(parseReference(`${open.address}/broken/app`), {});
    const { content } = await repository.manifest("1");
    expect(digestOf(content)).toBe(digest);
    for (const layer of (JSON.parse(content.toString()) as { layers: Descriptor[] }).layers) {
      const parts: Uint8Array[] = [];
      for await (const part of repository.blob(layer)) parts.push(part);
      expect(digestOf(Buffer.concat(parts))).toBe(layer.digest);
    }
  });

  test("into a second repository it is mounted", async () => {
    await using store = await testStore();
    const image = await loaded(store, `${open.address}/first/app:1`);
    await store.images.push(parseReference(`${open.address}/first/app:1`));
    await store.images.tag(image, parseReference(`${open.address}/second/app:1`));
    const heard: PushProgress[] = [];
    await store.images.push(parseReference(`${open.address}/second/app:1`), {
      onProgress: (progress) => heard.push(progress),
    });
    expect(states(heard)).toEqual(["mounted", "mounted"]);
  });

  test("with a password, and not without it", async () => {
    await using closed = await registry(host, await passwordFile(folder.path, me.name, me.password));
    await using store = await testStore();
    const name = `${closed.address}/team/app:1.0`;
    await loaded(store, name);
    const push = (options: PushOptions) => store.images.push(parseReference(name), options);
    await expect(push({})).rejects.toMatchObject({ code: "UNAUTHORIZED" });
    await expect(push({ auth: { username: "me", password: "wrong" } })).rejects.toMatchObject({
      code: "UNAUTHORIZED",
      message: expect.stringContaining("does not let you write there"),
    });
    expect((await push({ auth })).tag).toBe("1.0");
  });

  test.skipIf(Bun.which("openssl") === null)(
    "with tokens: both rights at once, a mount with the other's too",
    async () => {
      await using service = await tokenService(folder.path, me);
      await using closed = await registry(host, service.auth);
      await using store = await testStore();
      const at = (name: string) => parseReference(`${closed.address}/${name}`);
      const image = await loaded(store, `${closed.address}/team/app:1.0`);
      await expect(store.images.push(at("team/app:1.0"))).rejects.toMatchObject({ code: "UNAUTHORIZED" });
      const before = service.seen.length;
      await store.images.push(at("team/app:1.0"), { auth });
      expect(service.seen.slice(before)).toEqual([
        { asked: "GET repository:team/app:pull,push", user: "me" },
      ]);
      await store.images.tag(image, at("other/app:1.0"));
      const heard: PushProgress[] = [];
      await store.images.push(at("other/app:1.0"), { auth, onProgress: (progress) => heard.push(progress) });
      expect(states(heard)).toEqual(["mounted", "mounted"]);
      expect(service.seen.at(-1)?.asked).toBe("GET repository:other/app:pull,push repository:team/app:pull");
      const repository = await openRepository(at("team/app"), { auth });
      expect((await repository.manifest("1.0")).digest).toBe(
        store.images.resolve(image.id).manifests[0] as never,
      );
    },
  );
});
