/** The form that a build's records and layers are carried in from one engine to another: an OCI layout of plain layers. */
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { descriptorSchema, digestSchema } from "../../oci/descriptor.ts";
import { type Digest, digestOf, hexOf } from "../../oci/digest.ts";
import { indexSchema } from "../../oci/index.ts";
import { manifestSchema } from "../../oci/manifest.ts";
import { mediaType } from "../../oci/media-type.ts";
import { type CacheEntry, type KeyParts, keyOf } from "./cache.ts";

const RECORDS_TYPE = "application/vnd.inro.build-cache.records.v1+json";
const EXPORT_TYPE = "application/vnd.inro.build-cache.v1";

export interface PortableRecord extends Pick<CacheEntry, "key" | "parts" | "text" | "kind" | "createdAt"> {
  readonly layer: { readonly diffId: Digest; readonly size: number } | null;
}

const recordSchema = v.object({
  key: digestSchema,
  parts: v.custom<KeyParts>(
    (input) => typeof input === "object" && input !== null && !Array.isArray(input),
    "is no object",
  ),
  text: v.string(),
  kind: v.picklist(["run", "copy", "folder"]),
  createdAt: v.pipe(v.number(), v.safeInteger()),
  layer: v.nullable(v.object({ diffId: digestSchema, size: descriptorSchema.entries.size })),
});

const recordsSchema = v.object({ records: v.array(recordSchema) });

export const blobIn = (folder: string, digest: Digest) => join(folder, "blobs/sha256", hexOf(digest));

/** Documents of an export are small. */
const MOST_DOCUMENT = 64 << 20;

/** The records of an export, each held against its key. Throws an Error that says what is wrong. */
export async function readRecords(folder: string): Promise<readonly PortableRecord[]> {
  const blob = <T extends v.GenericSchema>(schema: T, digest: Digest) =>
    documentAt(schema, blobIn(folder, digest), digest);
  const { manifests } = await documentAt(indexSchema, join(folder, "index.json"));
  const [named] = manifests;
  if (named === undefined) throw new Error("index.json names no cache");
  const { config } = await blob(manifestSchema, named.digest);
  if (config.mediaType !== RECORDS_TYPE) throw new Error("it is no cache of this engine's builds");
  const { records } = await blob(recordsSchema, config.digest);
  for (const { key, parts } of records)
    if (key !== keyOf(parts)) throw new Error("a record's key is not that of its parts");
  return records;
}

async function documentAt<T extends v.GenericSchema>(
  schema: T,
  path: string,
  digest?: Digest,
): Promise<v.InferOutput<T>> {
  await using file = await openRegular(path);
  if (file.size > MOST_DOCUMENT) throw new Error(`${path} is too large`);
  const content = await file.handle.readFile();
  if (digest !== undefined && digestOf(content) !== digest) throw new Error(`${path} is damaged`);
  const parsed = v.safeParse(schema, JSON.parse(content.toString("utf8")));
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  throw new Error(`${path}: ${v.getDotPath(issue) ?? "it"}: ${issue.message}`);
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
