/**
 * Brings one layer into the store: downloaded, verified, stored, decompressed, verified again and unpacked, all in one
 * pass over the stream. What is there already is not done again; what another pull is doing is waited for.
 */
import { algorithmOf, type Digest } from "../oci/digest.ts";
import { channel } from "./channel.ts";
import type { Layer } from "./image.ts";
import type { Blobs, BlobWriter } from "./layout/blobs.ts";
import type { LayerState } from "./progress.ts";
import type { Snapshots } from "./snapshot/snapshots.ts";

/** The blob's bytes, not verified. */
export type LayerSource = (layer: Layer, tell: (state: LayerState) => void) => AsyncIterable<Uint8Array>;

/** Resolves when the layer is unpacked; `stored` when its blob is on disk, which others need not wait for. */
export type LayerFetcher = (
  work: LayerWork,
  source: LayerSource,
) => Promise<{ readonly stored: Promise<void> }>;

export interface LayerWork {
  readonly layer: Layer;
  readonly chainId: Digest;
  /** Uppermost first. */
  readonly below: readonly Digest[];
  readonly belowReady: () => Promise<unknown>;
  readonly tell: (state: LayerState) => void;
}

/** How often a download tells how far it is, in milliseconds. */
const progressEvery = 100;

async function* told(
  source: AsyncIterable<Uint8Array>,
  total: number,
  tell: LayerWork["tell"],
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  let last = 0;
  for await (const chunk of source) {
    bytes += chunk.length;
    const now = performance.now();
    if (now - last >= progressEvery || bytes === total) {
      last = now;
      tell({ state: "downloading", bytes, total });
    }
    yield chunk;
  }
}

/**
 * Stores and unpacks one stream. A blob whose tar was refused is not stored. Where the bytes are not what was promised,
 * that is the error, and not what they broke on the way.
 */
async function storeAndUnpack(
  source: AsyncIterable<Uint8Array>,
  writer: BlobWriter,
  { layer: { digest }, tell }: LayerWork,
  unpack: ((source: AsyncIterable<Uint8Array>) => Promise<void>) | undefined,
): Promise<{ stored: Promise<unknown> }> {
  const pipe = channel<Uint8Array>();
  let failure: unknown;
  const unpacked = (unpack === undefined ? Promise.resolve() : unpack(pipe))
    .catch((error: unknown) => {
      failure = error;
    })
    .finally(() => pipe.leave());
  try {
    for await (const chunk of source) {
      await writer.write(chunk);
      await pipe.push(chunk);
      if (failure !== undefined && (failure as { code?: string }).code !== "LAYER_DAMAGED") throw failure;
    }
    pipe.end();
    tell({ state: "extracting" });
    await unpacked;
    tell({ state: "verifying" });
    writer.verify(digest);
    if (failure !== undefined) throw failure;
    return { stored: writer.commit(digest) };
  } catch (error) {
    pipe.end(error);
    await unpacked;
    await writer.abort();
    throw error;
  }
}

/** Layer work on one store; blobs in the making are shared between pulls. */
export function layerFetcher(blobs: Blobs, snapshots: Snapshots): LayerFetcher {
  const storing = new Map<Digest, Promise<unknown>>();

  const unpack =
    ({ layer, chainId, below, belowReady }: LayerWork) =>
    (source: AsyncIterable<Uint8Array>) =>
      snapshots.unpack({ chainId, diffId: layer.diffId, digest: layer.digest, source, below, belowReady });

  const download = async (work: LayerWork, source: LayerSource) => {
    const { layer, tell } = work;
    const writer = await blobs.begin(algorithmOf(layer.digest), layer.size);
    const bytes = told(source(layer, tell), layer.size, tell);
    return await storeAndUnpack(bytes, writer, work, snapshots.has(work.chainId) ? undefined : unpack(work));
  };

  return async (work, source) => {
    const { layer, chainId, tell } = work;
    for (let other = storing.get(layer.digest); other !== undefined; other = storing.get(layer.digest)) {
      await other.catch(() => {});
    }
    if (blobs.sizeOf(layer.digest) === undefined) {
      const downloaded = download(work, source);
      const stored = downloaded
        .then((blob) => blob.stored)
        .then(() => tell({ state: "done" }))
        .finally(() => storing.delete(layer.digest));
      storing.set(layer.digest, stored);
      stored.catch(() => {});
      await downloaded;
      return { stored };
    }
    if (!snapshots.has(chainId)) {
      tell({ state: "extracting" });
      await unpack(work)(blobs.stream(layer.digest));
      tell({ state: "done" });
    } else tell({ state: "present" });
    return { stored: Promise.resolve() };
  };
}
