/** Layers of our own making are plain; before an image leaves for a registry the first time, they are compressed. */
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { mediaType } from "../oci/media-type.ts";
import { parseDocument } from "./document.ts";
import type { Layer } from "./image.ts";
import { isCompressed } from "./layer-stream.ts";
import type { Blobs } from "./layout/blobs.ts";
import type { NamedManifest } from "./layout/names.ts";
import { gzipped } from "./members.ts";
import type { OnPushProgress } from "./progress.ts";
import type { Records } from "./records.ts";

/** zlib's: where it still gains much for its time. */
const gzipLevel = 3;

const gzipTypes: Readonly<Record<string, string>> = {
  [mediaType.ociLayer]: mediaType.ociLayerGzip,
  [mediaType.dockerLayer]: mediaType.dockerLayerGzip,
};

interface Compressing {
  readonly blobs: Blobs;
  readonly records: Records;
  readonly onProgress: OnPushProgress;
  readonly signal: AbortSignal | undefined;
}

/** The same layer by gzip, of whatever image of the store has it. */
function gzippedBefore({ blobs, records }: Compressing, { diffId }: Layer): Layer | undefined {
  const all = records.list().flatMap(({ layers }) => layers);
  return all.find(
    (layer) =>
      layer.diffId === diffId &&
      layer.digest !== diffId &&
      Object.values(gzipTypes).includes(layer.mediaType) &&
      blobs.sizeOf(layer.digest) === layer.size,
  );
}

async function compress(
  { blobs, onProgress, signal }: Compressing,
  { digest, size }: Layer,
): Promise<{ digest: Digest; size: number }> {
  const writer = await blobs.begin();
  let bytes = 0;
  const followed = async function* () {
    for await (const chunk of blobs.stream(digest)) {
      signal?.throwIfAborted();
      bytes += chunk.length;
      onProgress({ kind: "layer", digest, state: { state: "compressing", bytes, total: size } });
      yield chunk;
    }
  };
  try {
    for await (const member of gzipped(followed(), gzipLevel)) await writer.write(member);
  } catch (error) {
    await writer.abort();
    throw error;
  }
  const stored = await writer.commit();
  onProgress({ kind: "layer", digest, state: { state: "compressed" } });
  return stored;
}

/**
 * The manifest of the same image with all layers compressed, its blobs stored. Undefined where nothing is to be done: the
 * image has no plain layers, or a registry knows it already, by the digest that it keeps. Throws NO_SPACE.
 */
export async function compressedManifest(
  work: Compressing,
  { descriptor, repoDigests }: NamedManifest,
): Promise<NamedManifest["descriptor"] | undefined> {
  const { blobs, records } = work;
  const image = records.list().find(({ manifests }) => manifests.includes(descriptor.digest));
  if (repoDigests.length > 0 || image === undefined) return undefined;
  const content = await blobs.read(descriptor.digest);
  const document = parseDocument(content, descriptor.mediaType, `cannot compress ${descriptor.digest}`);
  if (document.kind !== "manifest") return undefined;
  const layers: Descriptor[] = [];
  for (const [i, layer] of document.manifest.layers.entries()) {
    const type = gzipTypes[layer.mediaType];
    const own = image.layers[i];
    // Media types lie: what is compressed already stays as it is.
    if (type === undefined || own === undefined || (await isCompressed(blobs.pathOf(layer.digest))))
      layers.push(layer);
    else {
      const { digest, size } = gzippedBefore(work, own) ?? (await compress(work, own));
      layers.push({ ...layer, mediaType: type, digest, size });
    }
  }
  if (layers.every(({ digest }, i) => digest === document.manifest.layers[i]?.digest)) return undefined;
  const manifest = { ...(JSON.parse(content.toString("utf8")) as object), layers };
  return { ...descriptor, ...(await blobs.put(JSON.stringify(manifest))) };
}
