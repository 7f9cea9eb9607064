import { describe, expect, test } from "bun:test";
import { digestOf } from "../../src/oci/digest.ts";
import { parseReference } from "../../src/oci/reference.ts";
import { rootMissing } from "../support/engine.ts";
import { machine } from "../support/host.ts";
import { registry, registryMissing } from "../support/registry.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { tokenService } from "../support/token-service.ts";
import { chunks, dockerArchive, tar } from "./fixtures.ts";
import { newKey, signed, trustStore, writer } from "./trust-fixtures.ts";
import { writtenRegistry } from "./written-registry.ts";

const key = newKey();

describe.skipIf(rootMissing)("signatures at several places", () => {
  /** The same image at a registry and at its mirror, and a store that wants it signed. */
  async function scene() {
    const [own, mirror] = [await writtenRegistry(), await writtenRegistry()];
    const [there, copied] = [
      await writer(`${own.address}/team/app`),
      await writer(`${mirror.address}/team/app`),
    ];
    const digest = await there.image("1", "same");
    expect(await copied.image("1", "same")).toBe(digest);
    const rules = { [own.address]: { mirrors: [mirror.address] } };
    const store = await trustStore({ default: { signedBy: [key.pem] } }, { rules });
    return {
      ...{ own, mirror, there, copied, digest, store, name: `${own.address}/team/app` },
      async [Symbol.asyncDispose]() {
        await store[Symbol.asyncDispose]();
        await own[Symbol.asyncDispose]();
        await mirror[Symbol.asyncDispose]();
      },
    };
  }

  test("the registry's counts where the mirror has none; blobs come from the mirror", async () => {
    await using s = await scene();
    await s.there.refer(s.digest, signed(s.name, s.digest, key));
    expect((await s.store.pull(`${s.name}:1`)).message).toBe("");
    const blobs = s.own.seen.filter(({ method, path }) => method === "GET" && path.includes("/blobs/"));
    // The payload, and nothing of the image.
    expect(blobs.length).toBe(1);
  });

  test("the mirror's counts where it is for the registry's name, and not where it is for the mirror's", async () => {
    await using s = await scene();
    const mirrored = `${s.mirror.address}/team/app`;
    await s.copied.tag(s.digest, signed(mirrored, s.digest, key));
    expect((await s.store.pull(`${s.name}:1`)).message).toContain(`one is for ${mirrored}`);
    await s.copied.tag(s.digest, signed(s.name, s.digest, key));
    expect((await s.store.pull(`${s.name}:1`)).message).toBe("");
  });

  test("a mirror that is gone keeps nobody from the registry's", async () => {
    await using s = await scene();
    await s.mirror[Symbol.asyncDispose]();
    await s.there.refer(s.digest, signed(s.name, s.digest, key));
    expect((await s.store.pull(`${s.name}:1`)).message).toBe("");
  });
});

test.skipIf(rootMissing || registryMissing || Bun.which("openssl") === null)(
  "at a registry that wants to know who comes, signing asks for the right to write and verifying for none",
  async () => {
    using host = machine();
    using folder = temporaryFolder("closed");
    await using service = await tokenService(folder.path, { name: "me", password: "secret" });
    await using closed = await registry(host, service.auth);
    const name = `${closed.address}/team/app`;
    const auth = { username: "me", password: "secret" };
    await using store = await trustStore({});
    const layer = tar({ name: "etc/motd", content: "hi" });
    await store.images.load(chunks(dockerArchive(`${name}:1`, [layer], [digestOf(layer)])));
    const { digest } = await store.images.push(parseReference(`${name}:1`), { auth });
    const { payload, signature } = signed(name, digest, key);
    const sign = (more: object) =>
      store.images.trust.sign(
        parseReference(`${name}@${digest}`),
        { payload, signature: Buffer.from(signature, "base64") },
        { tag: false, ...more },
      );
    await expect(sign({})).rejects.toMatchObject({ code: "UNAUTHORIZED" });
    await sign({ auth });
    // What was signed from here is run here without another pull.
    store.policy({ default: { signedBy: [key.pem] } });
    expect((await store.run(`${name}:1`)).message).toBe("");
    await using other = await trustStore({ default: { signedBy: [key.pem] } });
    const before = service.seen.length;
    expect((await other.pull(`${name}:1`, auth)).message).toBe("");
    const asked = service.seen.slice(before).map((each) => each.asked);
    expect([...new Set(asked)]).toEqual(["GET repository:team/app:pull"]);
  },
);
