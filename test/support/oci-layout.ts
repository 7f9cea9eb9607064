import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";

/** What a test image is made of: `layers` are tars (a path or the bytes), `config` the OCI image config's own part. */
export interface TestImage {
  readonly layers: readonly (string | Uint8Array)[];
  readonly config?: Readonly<Record<string, unknown>>;
  readonly architecture?: string;
  readonly history?: readonly object[];
}

interface Stored {
  readonly digest: string;
  readonly size: number;
}

const sha256 = (bytes: Uint8Array) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

function store(folder: string, bytes: Uint8Array): Stored {
  const digest = sha256(bytes);
  writeFileSync(join(folder, "blobs", digest.replace(":", "/")), bytes);
  return { digest, size: bytes.length };
}

interface Written extends Stored {
  readonly mediaType: string;
}

const host = process.arch === "x64" ? "amd64" : process.arch;

function storeImage(folder: string, image: TestImage): Written {
  const layers = image.layers.map((layer) => {
    const bytes = typeof layer === "string" ? readFileSync(layer) : layer;
    const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
    const compressed = isGzip ? bytes : gzipSync(bytes, { level: 1 });
    return { ...store(folder, compressed), diffId: sha256(isGzip ? gunzipSync(bytes) : bytes) };
  });
  const config = {
    created: "2026-01-01T00:00:00Z",
    architecture: image.architecture ?? host,
    os: "linux",
    config: image.config ?? {},
    rootfs: { type: "layers", diff_ids: layers.map((layer) => layer.diffId) },
    ...(image.history === undefined ? {} : { history: image.history }),
  };
  const manifest = {
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: { mediaType: "application/vnd.oci.image.config.v1+json", ...store(folder, json(config)) },
    layers: layers.map(({ digest, size }) => ({
      mediaType: "application/vnd.oci.image.layer.v1.tar+gzip",
      digest,
      size,
    })),
  };
  return { mediaType: manifest.mediaType, ...store(folder, json(manifest)) };
}

/** What BuildKit puts beside an image: in-toto statements, for the platform unknown/unknown. */
function storeAttestation(folder: string, about: string): object {
  const statement = store(folder, json({ _type: "https://in-toto.io/Statement/v0.1", subject: about }));
  const config = store(folder, json({ architecture: "unknown", os: "unknown", config: {}, rootfs: {} }));
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const manifest = {
    ...{ schemaVersion: 2, mediaType },
    config: { mediaType: "application/vnd.oci.image.config.v1+json", ...config },
    layers: [{ mediaType: "application/vnd.in-toto+json", ...statement }],
  };
  return {
    ...{ mediaType, ...store(folder, json(manifest)) },
    platform: { os: "unknown", architecture: "unknown" },
    annotations: {
      "vnd.docker.reference.type": "attestation-manifest",
      "vnd.docker.reference.digest": about,
    },
  };
}

function finish(folder: string, tag: string, descriptor: object): void {
  const annotations = { "org.opencontainers.image.ref.name": tag };
  writeFileSync(join(folder, "oci-layout"), json({ imageLayoutVersion: "1.0.0" }));
  writeFileSync(
    join(folder, "index.json"),
    json({ schemaVersion: 2, manifests: [{ ...descriptor, annotations }] }),
  );
}

/** Writes an OCI image layout with one image under `tag`, which skopeo can push to a registry. */
export function writeLayout(folder: string, tag: string, image: TestImage): void {
  mkdirSync(join(folder, "blobs/sha256"), { recursive: true });
  finish(folder, tag, storeImage(folder, image));
}

/** The same of an index: an image for each platform, and an attestation of the first. Answers the index's digest. */
export function writeIndexLayout(folder: string, tag: string, images: readonly TestImage[]): string {
  mkdirSync(join(folder, "blobs/sha256"), { recursive: true });
  const manifests = images.map((image) => ({
    ...storeImage(folder, image),
    platform: { os: "linux", architecture: image.architecture ?? host },
  }));
  const first = manifests[0];
  if (first === undefined) throw new Error("an index needs an image");
  const mediaType = "application/vnd.oci.image.index.v1+json";
  const index = {
    ...{ schemaVersion: 2, mediaType },
    manifests: [...manifests, storeAttestation(folder, first.digest)],
  };
  const stored = store(folder, json(index));
  finish(folder, tag, { mediaType, ...stored });
  return stored.digest;
}

function json(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

/** A tar of what is below `folder`, owned by root; the same files make the same bytes, whenever they were written. */
export function tarOf(folder: string): Uint8Array {
  const result = spawnSync(
    "tar",
    [
      "-C",
      folder,
      "--numeric-owner",
      "--sort=name",
      "--mtime=@1767225600",
      "--owner=0",
      "--group=0",
      "-cf",
      "-",
      ".",
    ],
    {
      maxBuffer: 1 << 30,
    },
  );
  if (result.status !== 0) throw new Error(`tar: ${result.stderr}`);
  return result.stdout;
}
