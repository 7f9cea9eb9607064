/** Whoever writes to a registry, or has a name here, tries to bring in what the policy keeps out. */
import { describe, expect, test } from "bun:test";
import { createHmac, createSign, generateKeyPairSync } from "node:crypto";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { openIngest } from "../../src/image/layout/blobs.ts";
import { noRegistries } from "../../src/image/registry/registries.ts";
import { openEvidence } from "../../src/image/trust/evidence.ts";
import { openGate } from "../../src/image/trust/gate.ts";
import { judge, subjectsOf } from "../../src/image/trust/judge.ts";
import { ruleFor } from "../../src/image/trust/policy.ts";
import { readPolicy, trustFile } from "../../src/image/trust/policy-file.ts";
import { type Digest, digestOf } from "../../src/oci/digest.ts";
import { parsePublicKey } from "../../src/oci/public-key.ts";
import { parseReference } from "../../src/oci/reference.ts";
import { chunks, dockerArchive, tar } from "../image/fixtures.ts";
import { newKey, payloadOf, signatureOf, signed, trustStore, writer } from "../image/trust-fixtures.ts";
import { type WrittenOptions, writtenRegistry } from "../image/written-registry.ts";
import { rootMissing } from "../support/engine.ts";
import { temporaryFolder } from "../support/temporary.ts";

const [ours, theirs] = [newKey(), newKey()];

describe.skipIf(rootMissing)("trust: signatures", () => {
  /** A registry with a good image and an evil one in team/app, and a store that wants our signature. */
  async function scene(options: WrittenOptions = {}) {
    const registry = await writtenRegistry(options);
    const app = await writer(`${registry.address}/team/app`);
    const [good, evil] = [await app.image("good", "good"), await app.image("evil", "evil")];
    const store = await trustStore({ rules: { [`${registry.address}/team`]: { signedBy: [ours.pem] } } });
    const identity = `${registry.address}/team/app`;
    return {
      ...{ registry, app, good, evil, store, identity },
      refuses: async (why: string) => {
        const outcome = await store.pull(`${identity}:evil`);
        expect(outcome.code).toBe("TRUST_REFUSED");
        expect(outcome.message).toContain(why);
        expect(store.images.list()).toEqual([]);
      },
      async [Symbol.asyncDispose]() {
        await store[Symbol.asyncDispose]();
        await registry[Symbol.asyncDispose]();
      },
    };
  }

  test("of another image, moved to this one, is none", async () => {
    await using s = await scene();
    await s.app.refer(s.evil, signed(s.identity, s.good, ours));
    await s.app.tag(s.evil, signed(s.identity, s.good, ours));
    await s.refuses(`one is one of another image, ${s.good}`);
  });

  test("for another repository, another registry or another tag is none", async () => {
    await using s = await scene();
    for (const identity of ["other/app", "team/app2", "tea/m/app"]) {
      const whole = `${s.registry.address}/${identity}`;
      await s.app.tag(s.evil, signed(whole, s.evil, ours));
      await s.refuses(`one is for ${whole}`);
    }
    await s.app.tag(s.evil, signed("team/app", s.evil, ours));
    await s.refuses("one is for docker.io/team/app");
    await s.app.tag(s.evil, signed(`${s.identity}:good`, s.evil, ours));
    await s.refuses(`one is for ${s.identity}:good`);
    await s.app.tag(s.evil, signed(`${s.identity}:evil`, s.evil, ours));
    expect((await s.store.pull(`${s.identity}:evil`)).code).toBe("");
    // The same image under another tag here is not what was signed.
    await s.store.images.tag(
      s.store.images.resolve(`${s.identity}:evil`),
      parseReference(`${s.identity}:good`),
    );
    expect((await s.store.run(`${s.identity}:good`)).code).toBe("TRUST_REFUSED");
  });

  test("by another key, truncated, forged, or by another algorithm is none", async () => {
    const payload = (s: Awaited<ReturnType<typeof scene>>) => payloadOf(s.identity, s.evil);
    await using s = await scene();
    const real = Buffer.from(signatureOf(payload(s), ours), "base64");
    const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
    const tries: Buffer[] = [
      Buffer.from(signatureOf(payload(s), theirs), "base64"),
      real.subarray(0, real.length - 1),
      Buffer.concat([real, Buffer.from([0])]),
      Buffer.alloc(0),
      Buffer.alloc(64),
      // r = s = 0, and r = s = 1 in DER: a verifier without range checks takes the first for any message.
      Buffer.from("3006020100020100", "hex"),
      Buffer.from("3006020101020101", "hex"),
      // The public key as the secret of a keyed hash, as with confused JWT libraries.
      createHmac("sha256", ours.pem).update(payload(s)).digest(),
      createSign("sha256").update(payload(s)).sign(rsa),
      // r and s side by side instead of DER.
      createSign("sha256").update(payload(s)).sign({ key: ours.private, dsaEncoding: "ieee-p1363" }),
    ];
    for (const signature of tries) {
      await s.app.tag(s.evil, { payload: payload(s), signature: signature.toString("base64") });
      await s.refuses("wants a signature");
    }
    // A payload that was changed after it was signed, and one that holds two digests.
    const changed = Buffer.from(payloadOf(s.identity, s.good).toString().replace(s.good, s.evil));
    await s.app.tag(s.evil, {
      payload: changed,
      signature: signatureOf(payloadOf(s.identity, s.good), ours),
    });
    await s.refuses("none of the keys");
    const doubled = Buffer.from(
      payload(s)
        .toString()
        .replace('"critical":', `"critical":{"image":{"docker-manifest-digest":"${s.good}"}},"critical":`),
    );
    await s.app.tag(s.evil, { payload: doubled, signature: signatureOf(doubled, theirs) });
    await s.refuses("none of the keys");
  });

  test("hundreds of them, huge ones and ones that lie about themselves are bounded", async () => {
    await using s = await scene();
    const junk = Array.from({ length: 400 }, (_, i) => {
      const payload = Buffer.from(`{"junk":${i}}`);
      return { payload, signature: signatureOf(payload, theirs) };
    });
    await s.app.tag(s.evil, ...junk);
    const before = s.registry.seen.length;
    await s.refuses("more than 128 are there");
    expect(s.registry.seen.length - before).toBeLessThan(150);
    const large = Buffer.from(JSON.stringify({ large: "x".repeat(70_000) }));
    await s.app.tag(s.evil, { payload: large, signature: signatureOf(large, ours) });
    await s.refuses("a payload has 70012 bytes");
    await s.app.tag(s.evil, { payload: Buffer.from("{}"), signature: "A".repeat(100_000) });
    await s.refuses("none was found");
    const [proof] = [signed(s.identity, s.evil, ours)];
    const layer = {
      mediaType: "application/vnd.dev.cosign.simplesigning.v1+json",
      digest: digestOf("other"),
      size: proof.payload.length,
    };
    await s.app.repository.putBytes(Buffer.from("other"));
    await s.app.repository.putBytes(Buffer.from("{}"));
    const config = { mediaType: "application/vnd.oci.image.config.v1+json", digest: digestOf("{}"), size: 2 };
    const type = "application/vnd.oci.image.manifest.v1+json";
    const lying = {
      schemaVersion: 2,
      mediaType: type,
      config,
      layers: [{ ...layer, annotations: { "dev.cosignproject.cosign/signature": proof.signature } }],
    };
    const tag = `${s.evil.replace(":", "-")}.sig`;
    await s.app.repository.putManifest({ mediaType: type, content: Buffer.from(JSON.stringify(lying)) }, tag);
    await s.refuses("wants a signature");
  });

  test("an index that nobody signed brings in no other platform beside the signed one", async () => {
    await using s = await scene();
    const arm = await s.app.image("arm", "evil", "arm64");
    await s.app.index("all", [
      ["amd64", s.good],
      ["arm64", arm],
    ]);
    await s.app.refer(s.good, signed(s.identity, s.good, ours));
    const { images } = s.store;
    const name = `${s.identity}:all`;
    const signedOnly = { rules: { [`${s.registry.address}/team`]: { signedBy: [ours.pem] } } };
    const whole = () => images.pull(parseReference(name), { platform: "all" });
    await expect(whole()).rejects.toMatchObject({ code: "TRUST_REFUSED" });
    expect(images.list()).toEqual([]);
    expect((await s.store.pull(name)).code).toBe("");
    // Nor does it stay as a proof, of whatever size it is.
    const proof = readFileSync(join(s.store.root, "trust", s.good.slice(7)), "utf8");
    expect(JSON.parse(proof)).toEqual({ signatures: [expect.any(Object)], indexes: [] });
    s.store.policy({});
    await whole();
    s.store.policy(signedOnly);
    const of = (architecture: string) => images.resolve(name, { os: "linux", architecture });
    expect(of("arm64").manifests).toEqual([arm]);
    await images.admit(of("amd64"), name);
    await expect(images.admit(of("arm64"), name)).rejects.toMatchObject({ code: "TRUST_REFUSED" });
  });

  test("a payload that is not what its digest says is not read", async () => {
    const good = { digest: "", bytes: Buffer.alloc(0) };
    await using s = await scene({
      decide: ({ method, path }) =>
        good.digest !== "" && method === "GET" && path.endsWith(good.digest)
          ? { status: 200, body: good.bytes.toString() }
          : undefined,
    });
    const { payload, signature } = signed(s.identity, s.evil, ours);
    const other = Buffer.alloc(payload.length, " ");
    await s.app.tag(s.evil, { payload: other, signature });
    Object.assign(good, { digest: digestOf(other), bytes: payload });
    await s.refuses("a payload is not what its digest says");
  });

  test("an index leads to what an index in it leads to, and to nothing else", () => {
    const [manifest, other] = [digestOf("manifest"), digestOf("other")];
    const index = (...digests: Digest[]) => {
      const manifests = digests.map((digest) => ({
        mediaType: "application/vnd.oci.image.manifest.v1+json",
        digest,
        size: 1,
      }));
      return Buffer.from(
        JSON.stringify({ schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests }),
      );
    };
    const inner = index(other, manifest);
    const [outer, strange] = [index(digestOf(inner)), index(other)];
    const subjects = subjectsOf([manifest], [outer, strange, inner, Buffer.from("{")]);
    expect(subjects).toEqual(new Set([manifest, digestOf(inner), digestOf(outer)]));
  });

  test("a registry that never answers is not waited for without end", async () => {
    await using s = await scene();
    await using silent = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: ({ url }) => (url.endsWith("/v2/") ? new Response("{}") : new Promise<Response>(() => {})),
    });
    const evidence = await openEvidence(s.store.root, await openIngest(s.store.root));
    s.store.policy({ default: { signedBy: [ours.pem] } });
    const { file } = s.store;
    const gate = openGate({ file, evidence, registries: () => noRegistries, lookTime: 200 });
    const reference = parseReference(`127.0.0.1:${silent.port}/app:1`);
    const asked = gate.pull(reference, { manifest: s.good, indexes: [] }, {});
    await expect(asked).rejects.toThrow("looking for one took longer than 0.2 s");
    const stop = new AbortController();
    const stopped = gate.pull(reference, { manifest: s.good, indexes: [] }, { signal: stop.signal });
    stop.abort();
    await expect(stopped).rejects.toMatchObject({ name: "AbortError" });
  });

  test("a tag that moves between the verification and the pull moves nothing", async () => {
    const moved = { done: false };
    await using s = await scene({
      decide: ({ path }) => {
        // The registry lets the tag lead to the evil image as soon as its signature is asked for.
        if (moved.done || !/sha256-|referrers/.test(path) || !("move" in moved)) return undefined;
        (moved as unknown as { move: () => void }).move();
        moved.done = true;
        return undefined;
      },
    });
    await s.app.refer(s.good, signed(s.identity, s.good, ours));
    const manifests = s.registry.manifests as Map<string, { type: string; content: Buffer }>;
    const evil = manifests.get(`team/app@${s.evil}`) as { type: string; content: Buffer };
    Object.assign(moved, { move: () => manifests.set("team/app:good", evil) });
    const name = `${s.identity}:good`;
    expect((await s.store.pull(name)).code).toBe("");
    expect(moved.done).toBe(true);
    expect(s.store.images.resolve(name).manifests).toEqual([s.good]);
    expect(s.store.images.resolve(name).repoDigests).toEqual([`${s.identity}@${s.good}`]);
    // Pulled again it is the evil one, which nobody signed; the good one stays.
    expect((await s.store.pull(name)).code).toBe("TRUST_REFUSED");
    expect(s.store.images.resolve(name).manifests).toEqual([s.good]);
  });

  test("a registry that gives another manifest for the digest is found out", async () => {
    const lie: { content?: Buffer } = {};
    await using s = await scene({
      decide: ({ method, path }) =>
        lie.content !== undefined && method === "GET" && path.includes("/manifests/sha256:")
          ? {
              status: 200,
              headers: { "content-type": "application/vnd.oci.image.manifest.v1+json" },
              body: lie.content.toString(),
            }
          : undefined,
    });
    const index = await s.app.index("all", [["amd64", s.good]]);
    await s.app.tag(index, signed(s.identity, index, ours));
    lie.content = s.registry.manifests.get(`team/app@${s.evil}`)?.content as Buffer;
    expect((await s.store.pull(`${s.identity}:all`)).code).toBe("DIGEST_MISMATCH");
    expect((await s.store.pull(`${s.identity}@${s.good}`)).code).toBe("DIGEST_MISMATCH");
    expect(s.store.images.list()).toEqual([]);
  });

  test("a name that is given here brings no signature with it", async () => {
    await using s = await scene();
    await s.app.refer(s.good, signed(s.identity, s.good, ours));
    const others = await writer(`${s.registry.address}/others/app`);
    await others.image("1", "evil");
    const evil = (await s.store.pull(`${s.registry.address}/others/app:1`)).id;
    await s.store.pull(`${s.identity}:good`);
    const layer = tar({ name: "evil", content: "" });
    const [loaded] = await s.store.images.load(
      chunks(dockerArchive(`${s.identity}:loaded`, [layer], [digestOf(layer)])),
    );
    const resolve = s.store.images.resolve;
    await s.store.images.tag(resolve(evil), parseReference(`${s.identity}:good`));
    for (const name of [`${s.identity}:good`, `${s.identity}:loaded`, evil, loaded?.id ?? ""])
      expect((await s.store.run(name)).code).toBe("TRUST_REFUSED");
    // The rule may let in what was made here; what was pulled from elsewhere was not.
    s.store.policy({ rules: { [`${s.registry.address}/team`]: { signedBy: [ours.pem], local: "accept" } } });
    expect((await s.store.run(`${s.identity}:loaded`)).code).toBe("");
    expect((await s.store.run(`${s.identity}:good`)).code).toBe("TRUST_REFUSED");
  });

  test("what is kept of a good image proves nothing of another, and junk proves nothing", async () => {
    await using s = await scene();
    await s.app.refer(s.good, signed(s.identity, s.good, ours));
    await s.store.pull(`${s.identity}:good`);
    const trust = join(s.store.root, "trust");
    s.store.policy({});
    await s.store.pull(`${s.identity}:evil`);
    s.store.policy({ default: { signedBy: [ours.pem] } });
    expect((await s.store.run(`${s.identity}:good`)).code).toBe("");
    copyFileSync(join(trust, s.good.slice(7)), join(trust, s.evil.slice(7)));
    expect((await s.store.run(`${s.identity}:evil`)).message).toContain("one of another image");
    for (const junk of [
      "",
      "{",
      '{"signatures":[{"payload":"e30=","signature":""}],"indexes":["e30="]}',
      "[]",
    ]) {
      writeFileSync(join(trust, s.evil.slice(7)), junk);
      expect((await s.store.run(`${s.identity}:evil`)).code).toBe("TRUST_REFUSED");
    }
    // What belongs to no image is swept.
    await s.store.images.remove(`${s.identity}:evil`, { force: true, inUse: () => [] });
    expect(readdirSync(trust)).toEqual([s.good.slice(7)]);
  });

  test("a signature that is put beside an image has to be of it", async () => {
    await using s = await scene();
    const { trust } = s.store.images;
    const evil = parseReference(`${s.identity}@${s.evil}`);
    const put = ({ payload, signature }: { payload: Uint8Array; signature: string }) =>
      trust.sign(evil, { payload, signature: Buffer.from(signature, "base64") }, { tag: false });
    for (const wrong of [
      signed(s.identity, s.good, ours),
      signed("docker.io/team/app", s.evil, ours),
      { payload: Buffer.from("{}"), signature: "e30=" },
    ])
      await expect(put(wrong)).rejects.toMatchObject({ code: "SIGNATURE_INVALID" });
    expect(await s.app.repository.referrers(s.evil)).toEqual([]);
  });
});

test("trust: no bit of a payload or of its signature can be another one, whatever the key's kind", () => {
  const digest = digestOf("image");
  for (const key of [ours, newKey("ed25519"), newKey("rsa")]) {
    const { payload, signature: text } = signed("a.example/app", digest, key);
    const signature = Buffer.from(text, "base64");
    const wanted = {
      ...{ keys: [parsePublicKey(key.pem)], identity: "a.example/app", tag: "1" },
      subjects: new Set([digest]),
    };
    const verdict = (bytes: Uint8Array, by: Uint8Array) =>
      "key" in judge({ payload: bytes, signature: by }, wanted);
    expect(verdict(payload, signature)).toBe(true);
    const flipped = (bytes: Uint8Array, at: number) =>
      bytes.map((byte, i) => (i === at ? byte ^ (1 << (at % 8)) : byte));
    const taken = [
      ...[...payload.keys()].filter((at) => verdict(flipped(payload, at), signature)),
      ...[...signature.keys()].filter((at) => verdict(payload, flipped(signature, at))),
    ];
    expect(taken).toEqual([]);
  }
});

test("trust: a policy that lost or changed a byte says the same, or nothing", () => {
  using folder = temporaryFolder("policy");
  const path = join(folder.path, "trust.json");
  const text = JSON.stringify({
    default: "reject",
    rules: { "a.example/team": { signedBy: [ours.pem], local: "accept" }, "b.example": "reject" },
  });
  const widened: string[] = [];
  for (let at = 0; at < text.length; at++)
    for (const put of ["", " ", '"', "]", "x"]) {
      writeFileSync(path, text.slice(0, at) + put + text.slice(at + 1));
      try {
        const policy = readPolicy(path);
        const words = [policy.default, ...Object.values(policy.rules)];
        if (words.includes("accept")) widened.push(`${at} ${put}`);
      } catch (error) {
        expect((error as { code?: string }).code).toBe("TRUST_INVALID");
      }
    }
  expect(widened).toEqual([]);
});

describe("trust: the policy's file", () => {
  /** What a file of this kind at this place is refused for; undefined where it is taken. */
  function refusal(make: (path: string) => void, path: string): string | undefined {
    make(path);
    try {
      readPolicy(path);
      return undefined;
    } catch (error) {
      expect((error as { code?: string }).code).toBe("TRUST_INVALID");
      return (error as Error).message;
    }
  }
  const write = (mode: number) => (path: string) => {
    writeFileSync(path, "{}");
    chmodSync(path, mode);
  };

  test.skipIf(rootMissing)(
    "that others could have written, or a link, or no file at all, refuses everything",
    () => {
      using folder = temporaryFolder("policy");
      const at = (name: string) => join(folder.path, name);
      expect(refusal(write(0o644), at("good"))).toBeUndefined();
      expect(refusal(write(0o600), at("private"))).toBeUndefined();
      expect(refusal(write(0o664), at("group"))).toContain("others than its owner may write it");
      expect(refusal(write(0o646), at("world"))).toContain("others than its owner may write it");
      const foreign = (path: string) => {
        write(0o644)(path);
        chownSync(path, 1234, 0);
      };
      expect(refusal(foreign, at("foreign"))).toContain("belongs to the user 1234");
      expect(refusal((path) => symlinkSync(at("good"), path), at("link"))).toContain("it is a symbolic link");
      expect(refusal((path) => mkdirSync(path), at("folder"))).toContain("no regular file");
      expect(refusal((path) => void Bun.spawnSync(["mkfifo", path]), at("pipe"))).toContain(
        "no regular file",
      );
      expect(refusal((path) => writeFileSync(path, " ".repeat((1 << 20) + 1)), at("large"))).toContain(
        "larger than",
      );
      expect(refusal(() => {}, at("nothing"))).toContain("it is not there");
    },
  );

  test.skipIf(rootMissing)(
    "in a folder that others may write, or behind a link to one, refuses everything",
    () => {
      using folder = temporaryFolder("policy");
      const inner = join(folder.path, "etc/inro");
      mkdirSync(inner, { recursive: true });
      const path = join(inner, "trust.json");
      expect(refusal(write(0o644), path)).toBeUndefined();
      chmodSync(dirname(inner), 0o777);
      expect(refusal(() => {}, path)).toContain(`others may write into ${dirname(inner)}`);
      chmodSync(dirname(inner), 0o755);
      chownSync(inner, 1234, 0);
      expect(refusal(() => {}, path)).toContain(`${inner} belongs to the user 1234`);
      chownSync(inner, 0, 0);
      symlinkSync(inner, join(folder.path, "link"));
      expect(refusal(() => {}, join(folder.path, "link/trust.json"))).toContain(
        "a symbolic link leads to it",
      );
      renameSync(path, join(inner, "away"));
      expect(refusal(() => {}, path)).toContain("it is not there");
    },
  );

  test("without the usual file everything is accepted; with any other word than its own nothing is", () => {
    if (statSync(trustFile, { throwIfNoEntry: false }) === undefined)
      expect(readPolicy(trustFile)).toEqual({ default: "accept", rules: {} });
    using folder = temporaryFolder("policy");
    const path = join(folder.path, "trust.json");
    const pem = ours.pem;
    const wrong: readonly (readonly [unknown, string])[] = [
      [[], ""],
      ["accept", ""],
      [{ rules: [] }, "/rules"],
      [{ rules: { "a.example": ["reject"] } }, "/rules/a.example/signedBy"],
      [{ Default: "reject" }, "/Default"],
      [{ default: "Reject" }, "/default"],
      [{ default: { signedBy: [pem], signedAs: "a.example" } }, "/default/signedAs"],
      [{ rules: { "evil.example/": "reject" } }, "/rules/evil.example~1"],
      [{ rules: { debian: "reject" } }, "/rules/debian"],
      [{ rules: { "a.example/x:1": "reject" } }, "/rules/a.example~1x:1"],
      [{ rules: { "a.example": "rejekt" } }, "/rules/a.example"],
      [{ rules: { "a.example": {} } }, "/rules/a.example/signedBy"],
      [{ rules: { "a.example": { signedBy: [] } } }, "/rules/a.example/signedBy"],
      [{ rules: { "a.example": { signedBy: [pem, "x"] } } }, "/rules/a.example/signedBy/1"],
      [{ rules: { "a.example": { signedBy: [`${pem}${pem}`] } } }, "/rules/a.example/signedBy/0"],
      [{ rules: { "a.example": { signedBy: [pem], local: true } } }, "/rules/a.example/local"],
      [{ rules: { "a.example": { signedBy: [pem], threshold: 2 } } }, "/rules/a.example/threshold"],
      [{ rules: { "a.example": "reject", "A.example:443": "accept" } }, "/rules/A.example:443"],
    ];
    for (const [content, pointer] of wrong) {
      writeFileSync(path, JSON.stringify(content));
      const message = refusal(() => {}, path);
      expect(`${JSON.stringify(content)} ${message}`).toContain(
        ` ${path}: ${pointer}${pointer === "" ? "" : ": "}`,
      );
    }
  });

  test("another spelling of a place does not lead around its rule", () => {
    const policy = {
      default: "accept",
      rules: { "evil.example": "reject", "docker.io/library": "reject" },
    } as const;
    const ruled = [
      "evil.example/x",
      "EVIL.example/x/y",
      "evil.example:443/x",
      "registry-1.docker.io/library/x",
      "index.docker.io/x",
      "x",
    ];
    for (const name of ruled)
      expect([name, ruleFor(parseReference(name), policy).rule]).toEqual([name, "reject"]);
    const others = ["evil.example.org/x", "notevil.example/x", "evil.example:5000/x", "docker.io/library2/x"];
    for (const name of others)
      expect([name, ruleFor(parseReference(name), policy).rule]).toEqual([name, "accept"]);
  });

  test("keys that are weak, private or no keys are refused", () => {
    const weak = generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey.export({
      type: "spki",
      format: "pem",
    });
    const exchange = generateKeyPairSync("x25519").publicKey.export({ type: "spki", format: "pem" });
    const secret = String(ours.private.export({ type: "pkcs8", format: "pem" }));
    for (const pem of [String(weak), String(exchange), secret, `${ours.pem}\n${theirs.pem}`, ""])
      expect(() => parsePublicKey(pem)).toThrow("cannot use the public key");
  });

  test("of what is kept only the newest 32 signatures stay", async () => {
    using folder = temporaryFolder("evidence");
    const evidence = await openEvidence(folder.path, await openIngest(folder.path));
    const manifest = digestOf("x");
    for (let i = 0; i < 40; i++)
      await evidence.keep(manifest, {
        signatures: [{ payload: Buffer.from("p"), signature: Buffer.from([i]) }],
        indexes: [],
      });
    const { signatures } = await evidence.of(manifest);
    expect(signatures.map(({ signature }) => signature[0])).toEqual(
      Array.from({ length: 32 }, (_, i) => i + 8),
    );
    expect(statSync(join(folder.path, "trust")).mode & 0o777).toBe(0o700);
  });
});
