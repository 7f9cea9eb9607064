import { describe, expect, test } from "bun:test";
import { parseReference } from "../../src/oci/reference.ts";
import { rootMissing } from "../support/engine.ts";
import { newKey, signed, trustStore, writer } from "./trust-fixtures.ts";
import { writtenRegistry } from "./written-registry.ts";

const [ours, theirs] = [newKey(), newKey()];

describe.skipIf(rootMissing)("a policy of what may be pulled and run", () => {
  /** A registry with the image team/app:1, and what the tests ask of it. */
  async function scene(options: { referrers?: boolean } = {}) {
    const registry = await writtenRegistry(options);
    const at = (path: string) => `${registry.address}/${path}`;
    const app = await writer(at("team/app"));
    const digest = await app.image("1", "one");
    return { registry, at, app, digest, [Symbol.asyncDispose]: () => registry[Symbol.asyncDispose]() };
  }

  test("the rule of the longest scope counts, and a refusal names it", async () => {
    await using s = await scene();
    const { address } = s.registry;
    await using store = await trustStore({ rules: { [address]: "reject" } });
    expect(await store.pull(s.at("team/app:1"))).toEqual({
      code: "TRUST_REFUSED",
      id: "",
      message: `cannot pull "${s.at("team/app:1")}": the rule "${address}" of ${store.file} rejects it (\`inro image trust show\` lists the rules)`,
    });
    expect(store.images.list()).toEqual([]);
    store.policy({ default: "reject", rules: { [address]: "reject", [s.at("team")]: "accept" } });
    expect((await store.pull(s.at("team/app:1"))).code).toBe("");
    store.policy({ default: "reject", rules: { [s.at("team")]: "accept", [s.at("team/app")]: "reject" } });
    expect((await store.pull(s.at("team/app:1"))).message).toContain(`the rule "${s.at("team/app")}"`);
    expect((await store.run(s.at("team/app:1"))).message).toContain(`cannot run "${s.at("team/app:1")}"`);
    store.policy({ default: "reject" });
    expect((await store.run(s.at("team/app:1"))).message).toContain("the default rule of");
  });

  test.each([["ec"], ["ed25519"], ["rsa"]] as const)("signed by an %s key, as a referrer", async (type) => {
    const key = newKey(type);
    await using s = await scene({ referrers: true });
    await using store = await trustStore({ rules: { [s.at("team")]: { signedBy: [ours.pem, key.pem] } } });
    const before = await store.pull(s.at("team/app:1"));
    expect(before).toMatchObject({
      code: "TRUST_REFUSED",
      message: expect.stringContaining("none was found"),
    });
    await s.app.refer(s.digest, signed(s.at("team/app"), s.digest, key));
    expect((await store.pull(s.at("team/app:1"))).code).toBe("");
  });

  test.each([
    ["a list under the tag of the distribution spec", false],
    ["the tag that cosign writes", true],
  ])("signatures are found by %s", async (_, byTag) => {
    await using s = await scene();
    await using store = await trustStore({ default: { signedBy: [ours.pem] } });
    const mine = signed(s.at("team/app"), s.digest, ours);
    const strange = signed(s.at("team/app"), s.digest, theirs);
    await (byTag ? s.app.tag : s.app.refer)(s.digest, mine, strange);
    expect((await store.pull(s.at("team/app:1"))).code).toBe("");
  });

  test("nothing of a refused image is fetched, and its blobs are not there", async () => {
    await using s = await scene();
    await using store = await trustStore({ default: { signedBy: [ours.pem] } });
    expect((await store.pull(s.at("team/app:1"))).code).toBe("TRUST_REFUSED");
    const blobs = s.registry.seen.filter(
      ({ method, path }) => method === "GET" && /blobs\/sha256/.test(path),
    );
    expect(blobs).toEqual([]);
  });

  test("of an index, its own signature or the image's counts", async () => {
    await using s = await scene();
    const arm = await s.app.image("arm", "two", "arm64");
    const index = await s.app.index("all", [
      ["arm64", arm],
      ["amd64", s.digest],
    ]);
    await using store = await trustStore({ default: { signedBy: [ours.pem] } });
    await s.app.refer(arm, signed(s.at("team/app"), arm, ours));
    expect((await store.pull(s.at("team/app:all"))).code).toBe("TRUST_REFUSED");
    await s.app.refer(index, signed(s.at("team/app"), index, ours));
    expect((await store.pull(s.at("team/app:all"))).code).toBe("");
    const verify = (architecture: string) =>
      store.images.trust.verify(parseReference(s.at("team/app:all")), {
        platform: { os: "linux", architecture },
        keys: [theirs.pem],
      });
    await s.app.refer(arm, signed(s.at("team/app"), arm, theirs));
    expect((await verify("arm64")).verified?.digest).toBe(arm);
    await expect(verify("amd64")).rejects.toMatchObject({ code: "TRUST_REFUSED" });
    // What came with it is enough without the registry, and for the image by its digest too.
    expect((await store.run(s.at("team/app:all"))).code).toBe("");
    await using other = await trustStore({ default: { signedBy: [ours.pem] } });
    const another = await s.app.index("other", [["amd64", s.digest]]);
    await s.app.refer(s.digest, signed(s.at("team/app"), s.digest, ours));
    expect((await other.pull(s.at(`team/app@${another}`))).code).toBe("");
  });

  test("run asks the policy of the moment, without the registry", async () => {
    const s = await scene();
    await s.app.refer(s.digest, signed(s.at("team/app"), s.digest, ours));
    const rule = (key: typeof ours) => ({ rules: { [s.at("team")]: { signedBy: [key.pem] } } });
    await using store = await trustStore(rule(ours));
    const name = s.at("team/app:1");
    const { id } = await store.pull(name);
    await s.registry[Symbol.asyncDispose]();
    expect((await store.run(name)).code).toBe("");
    expect((await store.run(id)).code).toBe("");
    store.policy(rule(theirs));
    const refused = await store.run(name);
    expect(refused).toMatchObject({
      code: "TRUST_REFUSED",
      message: expect.stringContaining("none of the keys"),
    });
    store.policy({});
    expect((await store.run(name)).code).toBe("");
    store.policy("{");
    expect(await store.run(name)).toMatchObject({
      code: "TRUST_INVALID",
      message: expect.stringContaining(store.file),
    });
  });

  test("an image that came before the rule is refused until it is pulled again", async () => {
    await using s = await scene();
    await s.app.refer(s.digest, signed(s.at("team/app"), s.digest, ours));
    await using store = await trustStore({});
    const name = s.at("team/app:1");
    await store.pull(name);
    store.policy({ default: { signedBy: [ours.pem] } });
    expect((await store.run(name)).message).toContain("none came with the image (`inro pull");
    await store.pull(name);
    expect((await store.run(name)).code).toBe("");
  });
});
