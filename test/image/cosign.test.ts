import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { openRepository } from "../../src/image/registry/repository.ts";
import { parseReference } from "../../src/oci/reference.ts";
import { rootMissing, testEngine } from "../support/engine.ts";
import { machine } from "../support/host.ts";
import { registry, registryMissing } from "../support/registry.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { tar } from "./fixtures.ts";
import cosign from "./signed-by-cosign.json";
import { trustStore } from "./trust-fixtures.ts";
import { writtenRegistry } from "./written-registry.ts";

const manifestType = "application/vnd.oci.image.manifest.v1+json";
const sig = (digest: string) => `${digest.replace(":", "-")}.sig`;

// The program is not in Debian 12: what it wrote into a registry, byte by byte, is kept in signed-by-cosign.json.
test.skipIf(rootMissing).each([
  ["under its tag", "tagged"],
  ["as a referrer", "referrer"],
] as const)("what cosign signed %s lets an image in", async (_, form) => {
  await using own = await writtenRegistry();
  const repository = await openRepository(parseReference(`${own.address}/copy/app`), { access: "push" });
  for (const blob of Object.values(cosign.blobs)) await repository.putBytes(Buffer.from(blob, "base64"));
  const document = (text: string) => ({ mediaType: manifestType, content: Buffer.from(text) });
  const { digest } = await repository.putManifest(document(cosign.image), "1");
  if (form === "tagged") await repository.putManifest(document(cosign.tagged), sig(digest));
  else await repository.putReferrer(document(cosign.referrer));
  const [signedAs] = cosign.repository.split("/app");
  const rules = { [`${own.address}/copy`]: { signedBy: [cosign.key], signedAs } };
  await using store = await trustStore({ rules });
  expect((await store.pull(`${own.address}/copy/app:1`)).message).toBe("");
  store.policy({ rules: { [`${own.address}/copy`]: { signedBy: [cosign.key] } } });
  expect((await store.run(`${own.address}/copy/app:1`)).message).toContain(`is for ${cosign.repository}`);
});

test.skipIf(rootMissing || registryMissing)(
  "what is signed here is what cosign reads: its payload, its places, and openssl verifies it",
  async () => {
    using host = machine();
    await using real = await registry(host);
    using folder = temporaryFolder("sign");
    const file = join(folder.path, "trust.json");
    writeFileSync(file, "{}");
    await using engine = await testEngine(host, "--trust", file);
    const name = await real.push("team/app:1", { layers: [tar({ name: "etc/motd", content: "hi" })] });
    const key = join(folder.path, "team");
    const passphrase = join(folder.path, "passphrase");
    writeFileSync(passphrase, "open sesame\n");
    const inro = async (...words: string[]) => {
      const { code, stdout, stderr } = await engine.inro(...words);
      if (code !== 0) throw new Error(`${words.join(" ")}: ${stderr}`);
      return stdout;
    };
    await inro("image", "keygen", "--passphrase-file", passphrase, key);
    await inro("pull", name);
    await inro("image", "sign", "--tag", "--key", `${key}.key`, "--passphrase-file", passphrase, name);
    await inro("image", "verify", "--key", `${key}.pub`, name);

    const repository = await openRepository(parseReference(name), {});
    const { digest } = await repository.manifest("1");
    const [listed] = await repository.referrers(digest, "application/vnd.dev.cosign.artifact.sig.v1+json");
    const documents = [
      await repository.manifest(listed?.digest ?? ""),
      await repository.manifest(sig(digest)),
    ];
    for (const { content } of documents) {
      const [layer] = JSON.parse(content.toString()).layers;
      expect(layer.mediaType).toBe("application/vnd.dev.cosign.simplesigning.v1+json");
      const chunks: Uint8Array[] = [];
      for await (const chunk of repository.blob(layer)) chunks.push(chunk);
      const payload = Buffer.concat(chunks);
      expect(JSON.parse(payload.toString())).toEqual({
        critical: {
          identity: { "docker-reference": `${real.address}/team/app` },
          image: { "docker-manifest-digest": digest },
          type: "cosign container image signature",
        },
        optional: null,
      });
      writeFileSync(join(folder.path, "payload"), payload);
      const signature = Buffer.from(layer.annotations["dev.cosignproject.cosign/signature"], "base64");
      writeFileSync(join(folder.path, "signature"), signature);
      const openssl = await host.run("openssl", [
        ...["dgst", "-sha256", "-verify", `${key}.pub`],
        ...["-signature", join(folder.path, "signature"), join(folder.path, "payload")],
      ]);
      expect(openssl.stdout).toContain("Verified OK");
    }
    // A second one stands beside the first.
    await inro("image", "keygen", "--no-passphrase", `${key}2`);
    await inro("image", "sign", "--tag", "--key", `${key}2.key`, name);
    expect(JSON.parse((await repository.manifest(sig(digest))).content.toString()).layers).toHaveLength(2);
    for (const each of [`${key}.pub`, `${key}2.pub`]) await inro("image", "verify", "--key", each, name);
  },
);
