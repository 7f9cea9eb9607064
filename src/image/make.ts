/** Images of our own making: a layer more upon another image, or a stack that a builder put together. */
import type { ExecutionConfig, ImageConfig } from "../oci/image-config.ts";
import { isLayerType, mediaType } from "../oci/media-type.ts";
import type { Platform } from "../oci/platform.ts";
import { formatReference, type Reference, withDefaultTag } from "../oci/reference.ts";
import type { Image, Layer } from "./image.ts";
import { fetchLayers } from "./layers.ts";
import type { Blobs } from "./layout/blobs.ts";
import type { NamedManifest } from "./layout/names.ts";
import type { PullStore } from "./pull.ts";
import { NO_LAYERS, type Stack, stackOn } from "./stack.ts";

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

/** What an image says of itself but for its layers (image-spec, config.md). */
export interface AssembleRequest extends Pick<ImageConfig, "created" | "author" | "history"> {
  /** From the bottom up; the blobs are there. */
  readonly layers: readonly Layer[];
  readonly config: NonNullable<ExecutionConfig>;
  readonly platform: Platform;
  readonly names: readonly Reference[];
}

/** A layer of our own making is plain: it is compressed when it leaves (compress.ts), if it ever does. */
export const plainLayer = (digest: Layer["digest"], size: number): Layer => ({
  ...{ digest, size, diffId: digest, mediaType: mediaType.ociLayer },
});

/** Throws DIGEST_MISMATCH where it is another layer than the expected one, NO_SPACE. */
export async function storeLayer(
  blobs: Blobs,
  tar: AsyncIterable<Uint8Array>,
  expected?: Layer["digest"],
): Promise<Layer> {
  const writer = await blobs.begin();
  try {
    for await (const chunk of tar) await writer.write(chunk);
  } catch (error) {
    await writer.abort();
    throw error;
  }
  const { digest, size } = await writer.commit(expected);
  return plainLayer(digest, size);
}

/** Docker's name for the same kind of layer does not go into an OCI manifest. */
function ociType(type: string): string {
  if (/^application\/vnd\.oci\./.test(type) || !isLayerType(type)) return type;
  if (type.endsWith(".gzip")) return mediaType.ociLayerGzip;
  return type.endsWith(".zstd") ? mediaType.ociLayerZstd : mediaType.ociLayer;
}

async function document(blobs: Blobs, type: string, value: object) {
  return { mediaType: type, ...(await blobs.put(JSON.stringify(value))) };
}

/** Stores configuration and manifest; what is answered makes it an image, once it is in the index. Throws NO_SPACE. */
export async function assembleImage(blobs: Blobs, r: AssembleRequest): Promise<NamedManifest> {
  const { created, author, platform, layers } = r;
  const config = await document(blobs, mediaType.ociConfig, {
    ...{ created, author, ...platform, config: r.config },
    rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
    history: r.history,
  });
  const descriptors = layers.map(({ digest, size, mediaType: type }) => ({
    mediaType: ociType(type),
    digest,
    size,
  }));
  const manifest = { schemaVersion: 2, mediaType: mediaType.ociManifest, config, layers: descriptors };
  const descriptor = await document(blobs, mediaType.ociManifest, manifest);
  const names = r.names.map((name) => formatReference(withDefaultTag(name)));
  return { descriptor: { ...descriptor, platform }, names, repoDigests: [] };
}

/** Stores all of it; what is answered makes it an image, once it is in the index. Throws LAYER_REFUSED, NO_SPACE. */
export async function makeImage(store: PullStore, request: MakeRequest): Promise<NamedManifest> {
  const { blobs } = store;
  const { below, author, comment, createdBy, config, platform, name } = request;
  const own = await storeLayer(blobs, request.tar);
  const stack: Stack = stackOn(below ?? NO_LAYERS, own);
  const created = new Date().toISOString();
  const step = { created, created_by: createdBy, author, comment };
  const named = await assembleImage(blobs, {
    ...{ layers: stack.layers, config, platform, created, author },
    history: [...(below?.config.history ?? []), step],
    names: name === null ? [] : [name],
  });
  if (request.isForeign)
    await fetchLayers(
      store.fetchLayer,
      stack.layers,
      stack.chainIds,
      () => () => {},
      ({ digest }) => blobs.stream(digest),
      { verified: new Set([own.digest]) },
    );
  return named;
}
