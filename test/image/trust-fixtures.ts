/** What tests of trust are made of: a registry with an image in it, signatures as openssl makes them, a store with a policy. */
import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Images, openImages, type RegistryAuth } from "../../src/image/images.ts";
import { openRepository } from "../../src/image/registry/repository.ts";
import type { Digest } from "../../src/oci/digest.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { parseReference } from "../../src/oci/reference.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { gzip, native, tar } from "./fixtures.ts";

const manifestType = "application/vnd.oci.image.manifest.v1+json";
const indexType = "application/vnd.oci.image.index.v1+json";

export interface Key {
  readonly pem: string;
  readonly private: KeyObject;
  readonly hash: "sha256" | null;
}

export function newKey(type: "ec" | "ed25519" | "rsa" = "ec"): Key {
  const { privateKey, publicKey } =
    type === "ec"
      ? generateKeyPairSync("ec", { namedCurve: "prime256v1" })
      : type === "rsa"
        ? generateKeyPairSync("rsa", { modulusLength: 2048 })
        : generateKeyPairSync("ed25519");
  return {
    pem: String(publicKey.export({ type: "spki", format: "pem" })),
    private: createPrivateKey(String(privateKey.export({ type: "pkcs8", format: "pem" }))),
    hash: type === "ed25519" ? null : "sha256",
  };
}

/** The payload as the specification of cosign has it, written by hand. */
export const payloadOf = (identity: string, digest: string) =>
  Buffer.from(
    JSON.stringify({
      critical: {
        identity: { "docker-reference": identity },
        image: { "docker-manifest-digest": digest },
        type: "cosign container image signature",
      },
      optional: null,
    }),
  );

export const signatureOf = (payload: Uint8Array, key: Key) =>
  sign(key.hash, payload, key.private).toString("base64");

export interface Putting {
  readonly payload: Uint8Array;
  /** In base64. */
  readonly signature: string;
}

export const signed = (identity: string, digest: string, key: Key): Putting => {
  const payload = payloadOf(identity, digest);
  return { payload, signature: signatureOf(payload, key) };
};

/** A repository of the test's own, written to as a third party may. */
export async function writer(name: string) {
  const repository = await openRepository(parseReference(name), { access: "push" });
  const put = async (value: object | Uint8Array) =>
    await repository.putBytes(value instanceof Uint8Array ? value : Buffer.from(JSON.stringify(value)));
  const document = (value: object, mediaType: string) => ({
    mediaType,
    content: Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, ...value })),
  });
  const layersOf = async (signatures: readonly Putting[]) =>
    await Promise.all(
      signatures.map(async ({ payload, signature }) => ({
        mediaType: "application/vnd.dev.cosign.simplesigning.v1+json",
        ...(await put(payload)),
        annotations: { "dev.cosignproject.cosign/signature": signature },
      })),
    );
  return {
    repository,
    /** An image with one file; answers its manifest's digest. */
    async image(tag: string, content: string, architecture = "amd64"): Promise<Digest> {
      const files = tar({ name: "etc/motd", content });
      const layer = { mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", ...(await put(gzip(files))) };
      const rootfs = { type: "layers", diff_ids: [digestOf(files)] };
      const config = {
        mediaType: "application/vnd.oci.image.config.v1+json",
        ...(await put({ architecture, os: "linux", config: { Cmd: ["/true"] }, rootfs })),
      };
      const { digest } = await repository.putManifest(
        document({ config, layers: [layer] }, manifestType),
        tag,
      );
      return digest;
    },
    async index(tag: string, digests: readonly (readonly [string, Digest])[]): Promise<Digest> {
      const manifests = await Promise.all(
        digests.map(async ([architecture, digest]) => {
          const { content } = await repository.manifest(digest);
          return {
            mediaType: manifestType,
            digest,
            size: content.length,
            platform: { os: "linux", architecture },
          };
        }),
      );
      return (await repository.putManifest(document({ manifests }, indexType), tag)).digest;
    },
    /** Signatures as referrers, each by itself. */
    async refer(subject: Digest, ...signatures: readonly Putting[]): Promise<void> {
      const { content, mediaType } = await repository.manifest(subject);
      const config = { mediaType: "application/vnd.oci.empty.v1+json", ...(await put({})) };
      for (const layer of await layersOf(signatures))
        await repository.putReferrer(
          document(
            {
              artifactType: "application/vnd.dev.cosign.artifact.sig.v1+json",
              config,
              layers: [layer],
              subject: { mediaType, digest: subject, size: content.length },
            },
            manifestType,
          ),
        );
    },
    /** Signatures under the tag that cosign writes. */
    async tag(subject: Digest, ...signatures: readonly Putting[]): Promise<void> {
      const config = { mediaType: "application/vnd.oci.image.config.v1+json", ...(await put({})) };
      await repository.putManifest(
        document({ config, layers: await layersOf(signatures) }, manifestType),
        `${subject.replace(":", "-")}.sig`,
      );
    },
  };
}

export interface TrustStore extends AsyncDisposable {
  readonly images: Images;
  readonly root: string;
  /** The policy's file. */
  readonly file: string;
  /** Writes the policy; a text as it is. */
  policy(content: object | string): void;
  /** Pulls and answers the image, or why not. */
  pull(name: string, auth?: RegistryAuth): Promise<{ code: string; message: string; id: string }>;
  /** What `run` by this name is told before anything is made. */
  run(nameOrId: string): Promise<{ code: string; message: string }>;
}

/** What `work` is refused for. */
async function outcomeOf(work: () => Promise<string>) {
  try {
    return { code: "", message: "", id: await work() };
  } catch (error) {
    const { code = "", message } = error as Error & { code?: string };
    return { code, message, id: "" };
  }
}

/** `registries` is registries.json. */
export async function trustStore(content: object | string, registries: object = {}): Promise<TrustStore> {
  const folder = temporaryFolder("trust");
  const root = join(folder.path, "data");
  const file = join(folder.path, "trust.json");
  const policy = (next: object | string) => {
    writeFileSync(file, typeof next === "string" ? next : JSON.stringify(next));
    chmodSync(file, 0o644);
  };
  policy(content);
  const places = join(folder.path, "registries.json");
  writeFileSync(places, JSON.stringify(registries));
  const images = await openImages({ root, native, trust: file, registries: places });
  return {
    ...{ images, root, file, policy },
    pull: (name, auth) =>
      outcomeOf(async () => {
        const platform = { os: "linux", architecture: "amd64" };
        const options = auth === undefined ? { platform } : { platform, auth };
        return (await images.pull(parseReference(name), options)).id;
      }),
    run: (nameOrId) =>
      outcomeOf(async () => {
        await images.admit(images.resolve(nameOrId), nameOrId);
        return "";
      }),
    async [Symbol.asyncDispose]() {
      await images.close();
      folder[Symbol.dispose]();
    },
  };
}
