import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash, randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { openImages } from "../../src/image/images.ts";
import { openRepository } from "../../src/image/registry/repository.ts";
import { parseReference } from "../../src/oci/reference.ts";
import { rootMissing, testEngine } from "../support/engine.ts";
import { machine } from "../support/host.ts";
import { type Registry, registry, registryMissing } from "../support/registry.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { native, tar } from "./fixtures.ts";
import { type Fault, type Passing, proxy } from "./proxy.ts";

/** A pull in a store of its own, with these registries. */
async function pulled(name: string, registries: object, auth?: { username: string; password: string }) {
  using folder = temporaryFolder("mirrors");
  const file = join(folder.path, "registries.json");
  writeFileSync(file, JSON.stringify(registries));
  const images = await openImages({ root: join(folder.path, "data"), native, registries: file });
  try {
    const passedOver: { domain: string; why: string }[] = [];
    const image = await images.pull(parseReference(name), {
      ...(auth === undefined ? {} : { auth }),
      onProgress: (p) => p.kind === "passedOver" && passedOver.push({ domain: p.domain, why: p.why }),
    });
    return { names: image.names, repoDigests: image.repoDigests, message: "", passedOver };
  } catch (error) {
    const { code, message, at } = error as { code: string; message: string; at?: string };
    return { code, message, at };
  } finally {
    await images.close();
  }
}

describe.skipIf(rootMissing || registryMissing)("mirrors of real registries", () => {
  const host = machine();
  const noise = randomBytes(1 << 20);
  let full: Registry;
  /** The digest of the only layer. */
  let layer: string;
  let empty: Registry;

  beforeAll(async () => {
    [full, empty] = await Promise.all([registry(host), registry(host)]);
    await full.push("library/app:1", { layers: [tar({ name: "noise", content: noise })] });
    const manifest = await fetch(`http://${full.address}/v2/library/app/manifests/1`, {
      headers: { accept: "application/vnd.oci.image.manifest.v1+json" },
    });
    layer = ((await manifest.json()) as { layers: { digest: string }[] }).layers[0]?.digest ?? "";
  }, 30_000);
  afterAll(async () => {
    await full[Symbol.asyncDispose]();
    await empty[Symbol.asyncDispose]();
    host[Symbol.dispose]();
  });

  const through = async (decide: (passing: Passing) => Fault) => await proxy(full.address, decide);
  const arrived = { names: ["docker.io/library/app:1"], message: "" };

  test("a mirror stands in for docker.io: the name stays, the credentials stay here", async () => {
    await using mirror = await through(() => undefined);
    const auth = { username: "me", password: "word" };
    const image = await pulled("app:1", { rules: { "docker.io": { mirrors: [mirror.address] } } }, auth);
    expect(image).toMatchObject(arrived);
    expect(image.repoDigests?.[0]).toStartWith("docker.io/library/app@sha256:");
    expect(
      mirror.seen.map(({ authorization }) => authorization).filter((each) => each !== undefined),
    ).toEqual([]);
  });

  test("a mirror that asks who comes is passed over, and hears no name", async () => {
    const challenge = { status: 401, headers: { "www-authenticate": 'Basic realm="mirror"' } };
    await using mirror = await through(() => challenge);
    await using next = await through(() => undefined);
    const auth = { username: "me", password: "word" };
    const rules = { "docker.io": { mirrors: [mirror.address, next.address] } };
    expect(await pulled("app:1", { rules }, auth)).toMatchObject(arrived);
    expect(mirror.seen.length).toBeGreaterThan(0);
    expect([...mirror.seen, ...next.seen].filter((each) => each.authorization !== undefined)).toEqual([]);
  });

  test("one that is down, one that lacks the image, and one that answers 500 are passed over in order", async () => {
    await using broken = await through(({ path }) => (path === "/v2/" ? undefined : { status: 500 }));
    const mirrors = ["127.0.0.1:1", empty.address, broken.address, full.address];
    expect(await pulled("app:1", { rules: { "docker.io": { mirrors } } })).toMatchObject(arrived);
    expect(broken.seen.some(({ path }) => path.includes("/manifests/"))).toBe(true);
  });

  test("a mirror that loses a blob on the way: the next one goes on with the rest", async () => {
    const isLayer = ({ path }: Passing) => path.includes("/blobs/");
    await using cut = await through((passing) => {
      if (!isLayer(passing) || passing.before > 0) return isLayer(passing) ? { status: 404 } : undefined;
      return { cutAfter: 100_000 };
    });
    await using next = await through(() => undefined);
    const rules = { "docker.io": { mirrors: [cut.address, next.address] } };
    expect(await pulled("app:1", { rules })).toMatchObject(arrived);
    expect(next.seen.some(({ range }) => range !== undefined && range !== "bytes=0-")).toBe(true);
  });

  test.each(["a layer", "the configuration"])(
    "a mirror that gives wrong bytes for %s is passed over and named, and the next place is asked",
    async (what) => {
      const isWrong = ({ path }: Passing) => {
        if (!path.includes("/blobs/")) return false;
        return path.includes(layer) === (what === "a layer");
      };
      await using lying = await through((passing) =>
        isWrong(passing) ? { flipAt: what === "a layer" ? 500_000 : 50 } : undefined,
      );
      await using next = await through(() => undefined);
      const rules = { "docker.io": { mirrors: [lying.address, next.address] } };
      const image = await pulled("app:1", { rules });
      expect(image).toMatchObject(arrived);
      expect(image.passedOver).toEqual([
        { domain: lying.address, why: expect.stringMatching(/^its content is sha256:.* was promised$/) },
      ]);
      const again = next.seen.filter(({ path }) => path.includes("/blobs/"));
      expect(again.map(({ range }) => range)).toEqual(Array(again.length).fill(undefined));
    },
  );

  test("two mirrors that lie, each about half a layer: the registry itself has the last word", async () => {
    const isLayer = ({ path }: Passing) => path.includes(layer);
    await using first = await through((passing) =>
      isLayer(passing) ? (passing.before === 0 ? { cutAfter: 300_000 } : { status: 404 }) : undefined,
    );
    await using second = await through((passing) => (isLayer(passing) ? { flipAt: 500_000 } : undefined));
    const rules = { [full.address]: { mirrors: [first.address, second.address] } };
    const image = await pulled(`${full.address}/library/app:1`, { rules });
    expect(image).toMatchObject({ message: "" });
    expect(image.passedOver?.map(({ domain }) => domain)).toEqual([first.address, second.address]);
  });

  test("wrong bytes of the registry itself end the pull, after those of its mirror", async () => {
    const lie = ({ path }: Passing): Fault => (path.includes(layer) ? { flipAt: 500_000 } : undefined);
    await using mirror = await through(lie);
    await using itself = await through(lie);
    const rules = { [itself.address]: { mirrors: [mirror.address] } };
    const image = await pulled(`${itself.address}/library/app:1`, { rules });
    expect(image).toMatchObject({ code: "DIGEST_MISMATCH" });
    expect(itself.seen.filter(({ path }) => path.includes(layer)).length).toBe(1);
  });

  test("when none has it, the error is the registry's own and tells of those before it", async () => {
    const rules = { [full.address]: { mirrors: ["127.0.0.1:1", empty.address] } };
    const image = await pulled(`${full.address}/none:1`, { rules });
    expect(image).toMatchObject({ code: "NO_SUCH_IMAGE" });
    expect(image.message).toContain(`127.0.0.1:1: nobody listens there; ${empty.address}: `);
  });

  test("plain HTTP beyond loopback only where the file says so", async () => {
    await using plain = await through(() => undefined);
    // Linux takes 0.0.0.0 for this host, and nothing else does.
    const address = plain.address.replace("127.0.0.1", "0.0.0.0");
    expect(await pulled(`${address}/library/app:1`, {})).toMatchObject({ code: "REGISTRY_UNREACHABLE" });
    const image = await pulled(`${address}/library/app:1`, { insecure: [address] });
    expect(image).toMatchObject({ names: [`${address}/library/app:1`] });
  });

  test("the daemon reads the file that it is told, anew for each pull", async () => {
    using folder = temporaryFolder("mirrors");
    const file = join(folder.path, "registries.json");
    writeFileSync(file, "{}");
    await using engine = await testEngine(host, "--registries", file);
    writeFileSync(file, JSON.stringify({ rules: { "docker.io": { mirrors: [full.address] } } }));
    expect(await engine.inro("pull", "app:1")).toMatchObject({ code: 0 });
    expect((await engine.inro("images")).stdout).toMatch(/^app +1 /m);
    writeFileSync(file, JSON.stringify({ rules: { "docker.io": { mirrors: [5] } } }));
    expect((await engine.inro("pull", "app:1")).stderr).toContain("/rules/docker.io/mirrors/0: ");
  }, 30_000);

  test("a name without a registry is the default one's, whose credentials are not docker.io's", async () => {
    using folder = temporaryFolder("mirrors");
    const file = join(folder.path, "registries.json");
    await using own = await through(({ authorization, path }) =>
      authorization === undefined && path !== "/v2/"
        ? { status: 401, headers: { "www-authenticate": 'Basic realm="own"' } }
        : undefined,
    );
    writeFileSync(file, JSON.stringify({ default: { registry: own.address, namespace: "library" } }));
    await using engine = await testEngine(host, "--registries", file);
    const pull = async (serveraddress: string) => {
      const config = JSON.stringify({ username: "me", password: "word", serveraddress });
      const headers = { "x-registry-auth": Buffer.from(config).toString("base64url") };
      const url = "http://inro/images/create?fromImage=app&tag=1";
      return await (await fetch(url, { unix: engine.socket, method: "POST", headers })).text();
    };
    expect(await pull("https://index.docker.io/v1/")).toContain("wants to know who asks");
    expect(own.seen.filter(({ authorization }) => authorization !== undefined)).toEqual([]);
    expect(await pull(own.address)).toContain("Downloaded newer image");
    expect(own.seen.some(({ authorization }) => authorization !== undefined)).toBe(true);
    expect((await engine.inro("image", "inspect", "app:1", "--format", "{{.RepoTags}}")).stdout).toContain(
      `${own.address}/library/app:1`,
    );
    expect(await engine.inro("tag", "app:1", "team/mine")).toMatchObject({ code: 0 });
    const { stdout } = await engine.inro("images");
    expect(stdout).toContain(`${own.address}/team/mine `);
    expect(await engine.inro("rmi", "team/mine", "app:1")).toMatchObject({ code: 0 });
  }, 30_000);

  test("a name's beginning is rewritten, the longest rule counts, and the name stays", async () => {
    const rules = {
      "reg.test": { location: empty.address },
      "reg.test/old/place": { location: `${full.address}/library` },
    };
    const image = await pulled("reg.test/old/place/app:1", { rules });
    expect(image).toMatchObject({ names: ["reg.test/old/place/app:1"] });
    expect(await pulled("reg.test/old/placed/app:1", { rules })).toMatchObject({ code: "NO_SUCH_IMAGE" });
  });
});

test("a manifest is checked by sha512 where it is named so", async () => {
  const content = "{}";
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response(content) });
  try {
    const digestOf = (text: string) => `sha512:${createHash("sha512").update(text).digest("hex")}`;
    const repository = await openRepository(parseReference(`127.0.0.1:${server.port}/x`), {});
    expect((await repository.manifest(digestOf(content))).content.toString()).toBe(content);
    await expect(repository.manifest(digestOf("other"))).rejects.toMatchObject({ code: "DIGEST_MISMATCH" });
  } finally {
    await server.stop(true);
  }
});

describe.skipIf(rootMissing)("registries.json", () => {
  test.each([
    [{ rules: { "docker.io": { mirror: [] } } }, "/rules/docker.io/mirror"],
    [
      { rules: { "docker.io": { mirrors: ["here.test", "https://there.test"] } } },
      "/rules/docker.io/mirrors/1",
    ],
    [{ rules: { "a.test/b": { mirrors: ["here.test"] } } }, "/rules/a.test~1b/mirrors/0"],
    [{ insecure: ["a.test/b"] }, "/insecure/0"],
    [{ default: { registry: "a.test/b" } }, "/default/registry"],
    [{ default: { registry: "a.test", namespace: "B" } }, "/default/namespace"],
    [{ insecure: "a.test" }, "/insecure"],
    [{ rules: { library: {} } }, "/rules/library"],
    [{ rules: ["docker.io"] }, "/rules"],
  ])("%j is refused at %s", async (registries, at) => {
    await expect(pulled("app", registries)).rejects.toMatchObject({ code: "REGISTRIES_INVALID", at });
  });
});
