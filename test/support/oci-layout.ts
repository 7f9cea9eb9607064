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

/** Writes an OCI image layout with one image under `tag`, which skopeo can push to a registry. */
export function writeLayout(folder: string, tag: string, image: TestImage): void {
  mkdirSync(join(folder, "blobs/sha256"), { recursive: true });
  const layers = image.layers.map((layer) => {
    const bytes = typeof layer === "string" ? readFileSync(layer) : layer;
    const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
    const compressed = isGzip ? bytes : gzipSync(bytes, { level: 1 });
    return { ...store(folder, compressed), diffId: sha256(isGzip ? gunzipSync(bytes) : bytes) };
  });
  const config = {
    created: "2026-01-01T00:00:00Z",
    architecture: image.architecture ?? (process.arch === "x64" ? "amd64" : process.arch),
    os: "linux",
    config: image.config ?? {},
    rootfs: { type: "layers", diff_ids: layers.map((layer) => layer.diffId) },
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
  const descriptor = { mediaType: manifest.mediaType, ...store(folder, json(manifest)) };
  const annotations = { "org.opencontainers.image.ref.name": tag };
  writeFileSync(join(folder, "oci-layout"), json({ imageLayoutVersion: "1.0.0" }));
  writeFileSync(
    join(folder, "index.json"),
    json({ schemaVersion: 2, manifests: [{ ...descriptor, annotations }] }),
  );
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
