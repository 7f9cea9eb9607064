/** The form that a build's records and layers are carried in from one engine to another: an OCI layout of plain layers. */
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { type Digest, digestOf, hexOf, parseDigest } from "../../oci/digest.ts";
import { mediaType } from "../../oci/media-type.ts";
import { type CacheEntry, type KeyParts, keyOf } from "./cache.ts";

export const RECORDS_TYPE = "application/vnd.inro.build-cache.records.v1+json";
export const EXPORT_TYPE = "application/vnd.inro.build-cache.v1";

export interface PortableRecord extends Pick<CacheEntry, "key" | "parts" | "text" | "kind" | "createdAt"> {
  readonly layer: { readonly diffId: Digest; readonly size: number } | null;
}

interface BlobDescriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
}

export const blobIn = (folder: string, digest: Digest) => join(folder, "blobs/sha256", hexOf(digest));

/** Documents of an export are small. */
const MOST_DOCUMENT = 64 << 20;

const KINDS = new Set<unknown>(["run", "copy", "folder"]);

/** The records of an export, each held against its key. Throws an Error that says what is wrong. */
export async function readRecords(folder: string): Promise<readonly PortableRecord[]> {
  const index = objectOf(await documentAt(join(folder, "index.json"), undefined), "index.json");
  const [named] = listOf(index["manifests"]).map(descriptorOf);
  if (named === undefined) throw new Error("index.json names no cache");
  const manifest = objectOf(await documentAt(blobIn(folder, named.digest), named.digest), "the manifest");
  const config = descriptorOf(manifest["config"]);
  if (config.mediaType !== RECORDS_TYPE) throw new Error("it is no cache of this engine's builds");
  const told = objectOf(
    await documentAt(blobIn(folder, config.digest), config.digest),
    "the list of records",
  );
  return listOf(told["records"]).map(recordOf);
}

function recordOf(value: unknown): PortableRecord {
  const { key, parts, text, kind, createdAt, layer } = objectOf(value, "a record");
  const known = objectOf(parts, "a record's parts") as KeyParts;
  if (typeof text !== "string" || !KINDS.has(kind) || !Number.isSafeInteger(createdAt))
    throw new Error("a record is none");
  const own = keyOf(known);
  if (key !== own) throw new Error("a record's key is not that of its parts");
  const made = layer === null ? null : objectOf(layer, "a record's layer");
  return {
    ...{ key: own, parts: known, text, kind: kind as CacheEntry["kind"] },
    createdAt: createdAt as number,
    layer: made === null ? null : { diffId: digestIn(made["diffId"]), size: sizeIn(made["size"]) },
  };
}

const descriptorOf = (value: unknown): BlobDescriptor => {
  const { mediaType: type, digest, size } = objectOf(value, "a descriptor");
  return { mediaType: String(type), digest: digestIn(digest), size: sizeIn(size) };
};

function objectOf(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    return value as Readonly<Record<string, unknown>>;
  throw new Error(`${what} is no object`);
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const digestIn = (value: unknown): Digest => parseDigest(String(value));
const sizeIn = (value: unknown): number => {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw new Error("a size is no number of bytes");
};

async function documentAt(path: string, digest: Digest | undefined): Promise<unknown> {
  await using file = await openRegular(path);
  if (file.size > MOST_DOCUMENT) throw new Error(`${path} is too large`);
  const content = await file.handle.readFile();
  if (digest !== undefined && digestOf(content) !== digest) throw new Error(`${path} is damaged`);
  return JSON.parse(content.toString("utf8"));
}

/** A regular file, no link to one: whatever else lies there is not waited for. */
export async function openRegular(path: string) {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  const stats = await handle.stat();
  if (stats.isFile()) return { handle, size: stats.size, [Symbol.asyncDispose]: () => handle.close() };
  await handle.close();
  throw new Error(`${path} is no regular file`);
}

/** What leads to the records and the layers: manifest and index, by the bytes of each. */
export function documentsOf(records: readonly PortableRecord[]): {
  readonly blobs: readonly Buffer[];
  readonly index: string;
} {
  const config = Buffer.from(JSON.stringify({ records }));
  const layers = new Map(
    records.flatMap(({ layer }) => (layer === null ? [] : [[layer.diffId, layer.size]])),
  );
  const manifest = Buffer.from(
    JSON.stringify({
      ...{ schemaVersion: 2, mediaType: mediaType.ociManifest, artifactType: EXPORT_TYPE },
      config: { mediaType: RECORDS_TYPE, digest: digestOf(config), size: config.length },
      layers: [...layers].map(([digest, size]) => ({ mediaType: mediaType.ociLayer, digest, size })),
    }),
  );
  const named = { mediaType: mediaType.ociManifest, artifactType: EXPORT_TYPE };
  const index = {
    ...{ schemaVersion: 2, mediaType: mediaType.ociIndex },
    manifests: [{ ...named, digest: digestOf(manifest), size: manifest.length }],
  };
  return { blobs: [config, manifest], index: JSON.stringify(index) };
}
