/** An image of the store with one layer more, from the tar of that layer: what `commit` and `import` make. */
import { chainIdsOf } from "../oci/digest.ts";
import type { ExecutionConfig } from "../oci/image-config.ts";
import { isLayerType, mediaType } from "../oci/media-type.ts";
import type { Platform } from "../oci/platform.ts";
import { formatReference, type Reference, withDefaultTag } from "../oci/reference.ts";
import type { Image, Layer } from "./image.ts";
import { fetchLayers } from "./layers.ts";
import type { Blobs } from "./layout/blobs.ts";
import type { NamedManifest } from "./layout/names.ts";
import type { PullStore } from "./pull.ts";

export interface MakeRequest {
  /** What the layer lies on; null: nothing. */
  readonly below: Image | null;
  /** The layer's tar, plain. */
  readonly tar: AsyncIterable<Uint8Array>;
  readonly config: NonNullable<ExecutionConfig>;
  readonly platform: Platform;
  readonly author: string;
  readonly comment: string;
  /** The tar is a user's: that it can be unpacked is found out at once. One of ours waits until somebody stands on it. */
  readonly isForeign: boolean;
  /** What made the layer, for `history`. */
  readonly createdBy: string;
  /** Null: the image gets no name. */
  readonly name: Reference | null;
}

/** A layer of our own making is plain: it is compressed when it leaves (compress.ts), if it ever does. */
async function storeLayer(blobs: Blobs, tar: AsyncIterable<Uint8Array>): Promise<Layer> {
  const writer = await blobs.begin();
  try {
    for await (const chunk of tar) await writer.write(chunk);
  } catch (error) {
    await writer.abort();
    throw error;
  }
  const { digest, size } = await writer.commit();
  return { digest, size, diffId: digest, mediaType: mediaType.ociLayer };
}

/** Docker's name for the same kind of layer does not go into an OCI manifest. */
function ociType(type: string): string {
  if (/^application\/vnd\.oci\./.test(type) || !isLayerType(type)) return type;
  if (type.endsWith(".gzip")) return mediaType.ociLayerGzip;
  return type.endsWith(".zstd") ? mediaType.ociLayerZstd : mediaType.ociLayer;
}

function configOf({ below, config, platform, ...r }: MakeRequest, layers: readonly Layer[], created: string) {
  const step = { created, created_by: r.createdBy, author: r.author, comment: r.comment };
  return {
    created,
    author: r.author,
    ...platform,
    config,
    rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
    history: [...(below?.config.history ?? []), step],
  };
}

async function document(blobs: Blobs, type: string, value: object) {
  return { mediaType: type, ...(await blobs.put(JSON.stringify(value))) };
}

/** Stores all of it; what is answered makes it an image, once it is in the index. Throws LAYER_REFUSED, NO_SPACE. */
export async function makeImage(store: PullStore, request: MakeRequest): Promise<NamedManifest> {
  const { blobs } = store;
  const own = await storeLayer(blobs, request.tar);
  const layers = [...(request.below?.layers ?? []), own];
  const created = new Date().toISOString();
  const config = await document(blobs, mediaType.ociConfig, configOf(request, layers, created));
  const descriptors = layers.map(({ digest, size, mediaType: type }) => ({
    mediaType: ociType(type),
    digest,
    size,
  }));
  const manifest = { schemaVersion: 2, mediaType: mediaType.ociManifest, config, layers: descriptors };
  const descriptor = await document(blobs, mediaType.ociManifest, manifest);
  if (request.isForeign)
    await fetchLayers(
      store.fetchLayer,
      layers,
      chainIdsOf(layers.map(({ diffId }) => diffId)),
      () => () => {},
      ({ digest }) => blobs.stream(digest),
      { verified: new Set([own.digest]) },
    );
  const names = request.name === null ? [] : [formatReference(withDefaultTag(request.name))];
  return { descriptor: { ...descriptor, platform: request.platform }, names, repoDigests: [] };
}
