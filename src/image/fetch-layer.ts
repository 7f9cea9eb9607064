/**
 * Brings one layer into the store: downloaded, verified, stored, decompressed, verified again and unpacked, all in one
 * pass over the stream. What is there already is not done again; what another pull is doing is waited for.
 */
import { algorithmOf, type Digest } from "../oci/digest.ts";
import { channel } from "./channel.ts";
import { endOf } from "./end-of.ts";
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
  /** Its blob was stored, and so verified, just now. */
  readonly verified?: boolean | undefined;
  /** It is wanted unpacked, whether its blob is there or not. */
  readonly onlyFiles?: boolean | undefined;
  /** Of the pull that wants the layer. */
  readonly signal?: AbortSignal | undefined;
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

type Unpack = (source: AsyncIterable<Uint8Array>, onRead: () => void) => Promise<void>;

/**
 * Stores and unpacks one stream. A blob whose tar was refused is not stored. Where the bytes are not what was promised,
 * that is the error, and not what they broke on the way. The blob is there for others when the stream has ended well,
 * whatever its files still wait for.
 */
async function storeAndUnpack(
  source: AsyncIterable<Uint8Array>,
  writer: BlobWriter,
  { layer: { digest }, tell }: LayerWork,
  unpack: Unpack | undefined,
): Promise<{ stored: Promise<unknown>; unpacked: Promise<void> }> {
  const pipe = channel<Uint8Array>();
  const read = Promise.withResolvers<void>();
  let failure: unknown;
  const unpacked = unpack === undefined ? Promise.resolve() : unpack(pipe, read.resolve);
  const settled = unpacked
    .catch((error: unknown) => {
      failure = error;
    })
    .finally(() => {
      pipe.leave();
      read.resolve();
    });
  try {
    for await (const chunk of source) {
      await writer.write(chunk);
      await pipe.push(chunk);
      if (failure !== undefined && (failure as { code?: string }).code !== "LAYER_DAMAGED") throw failure;
    }
    pipe.end();
    tell({ state: "extracting" });
    await read.promise;
    tell({ state: "verifying" });
    await writer.verify(digest);
    if (failure !== undefined) throw failure;
    return { stored: writer.commit(digest), unpacked };
  } catch (error) {
    pipe.end(error);
    await settled;
    await writer.abort();
    throw error;
  }
}

/** A blob that one pull stores, and who wants to hear of it. */
interface Storing {
  readonly stored: Promise<unknown>;
  readonly listeners: Set<LayerWork["tell"]>;
}

/** Hears of another pull's work until that has ended, or this pull is stopped. */
async function followed({ stored, listeners }: Storing, { tell, signal }: LayerWork): Promise<void> {
  listeners.add(tell);
  try {
    await endOf(stored, signal);
  } finally {
    listeners.delete(tell);
  }
}

/** Layer work on one store; blobs in the making are shared between pulls. */
export function layerFetcher(blobs: Blobs, snapshots: Snapshots): LayerFetcher {
  const storing = new Map<Digest, Storing>();

  const unpack =
    ({ layer: { diffId, digest }, chainId, below, belowReady, signal }: LayerWork): Unpack =>
    (source, onRead) =>
      snapshots.unpack({ ...{ chainId, diffId, digest, source, below, belowReady }, onRead, signal });

  const unpackStored = async ({ layer: { diffId, digest }, ...work }: LayerWork) => {
    const { chainId, below, belowReady, verified, signal } = work;
    const from = { source: blobs.stream(digest), stored: blobs.pathOf(digest), verified };
    await snapshots.unpack({ ...from, chainId, diffId, digest, below, belowReady, signal });
  };

  const download = async (work: LayerWork, source: LayerSource) => {
    const { layer, tell } = work;
    const writer = await blobs.begin(algorithmOf(layer.digest), layer.size);
    const bytes = told(source(layer, tell), layer.size, tell);
    return await storeAndUnpack(bytes, writer, work, snapshots.has(work.chainId) ? undefined : unpack(work));
  };

  /** Downloads for everybody who wants the blob meanwhile. */
  const shared = async (work: LayerWork, source: LayerSource) => {
    const { digest } = work.layer;
    const listeners = new Set([work.tell]);
    const tell = (state: LayerState) => {
      for (const listener of listeners) listener(state);
    };
    const downloaded = download({ ...work, tell }, source);
    const stored = downloaded.then((blob) => blob.stored).finally(() => storing.delete(digest));
    stored.catch(() => {});
    storing.set(digest, { stored, listeners });
    const { unpacked } = await downloaded;
    await unpacked.catch(async (error: unknown) => {
      // Nothing of this layer goes on when it has failed.
      await stored.catch(() => {});
      throw error;
    });
    return { stored: stored.then(() => work.tell({ state: "done" })) };
  };

  return async (work, source) => {
    const { layer, chainId, tell } = work;
    if (work.onlyFiles === true && snapshots.has(chainId)) return { stored: Promise.resolve() };
    for (let other = storing.get(layer.digest); other !== undefined; other = storing.get(layer.digest))
      await followed(other, work);
    // A blob that has lost its end is not there.
    if (blobs.sizeOf(layer.digest) !== layer.size) return await shared(work, source);
    if (!snapshots.has(chainId)) {
      tell({ state: "extracting" });
      await unpackStored(work);
      tell({ state: "done" });
    } else tell({ state: "present" });
    return { stored: Promise.resolve() };
  };
}
