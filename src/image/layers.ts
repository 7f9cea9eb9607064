/** All layers of an image, a few at a time, from the bottom up. */
import type { Digest } from "../oci/digest.ts";
import type { LayerFetcher, LayerSource } from "./fetch-layer.ts";
import type { Layer } from "./image.ts";
import type { LayerState } from "./progress.ts";

const parallel = 4;

export interface FetchOptions {
  readonly signal?: AbortSignal | undefined;
  /** Blobs that were stored, and so verified, just now. */
  readonly verified?: ReadonlySet<Digest>;
  /** They are wanted unpacked, whether their blobs are there or not. */
  readonly onlyFiles?: boolean;
}

/**
 * Fetches and unpacks what is missing; resolves when all of it is on disk. The first failure stops the others; it is thrown when all have stopped.
 * A layer may wait for those below it, which were begun before it, so nothing waits for itself.
 */
export async function fetchLayers(
  fetchLayer: LayerFetcher,
  layers: readonly Layer[],
  chainIds: readonly Digest[],
  teller: (layer: Layer) => (state: LayerState) => void,
  source: LayerSource,
  { signal, verified, onlyFiles }: FetchOptions = {},
): Promise<void> {
  const finished = layers.map(() => Promise.withResolvers<void>());
  for (const { promise } of finished) promise.catch(() => {});
  const stored: Promise<void>[] = [];
  let failure: { readonly error: unknown } | undefined;
  const stopping: LayerSource = async function* (layer, tell) {
    for await (const chunk of source(layer, tell)) {
      if (failure !== undefined) throw failure.error;
      yield chunk;
    }
  };
  const fetchOne = async (i: number) => {
    const layer = layers[i] as Layer;
    const below = chainIds.slice(0, i).reverse();
    const belowReady = () => Promise.all(finished.slice(0, i).map(({ promise }) => promise));
    const own = { layer, chainId: chainIds[i] as Digest, tell: teller(layer) };
    const work = { ...own, below, belowReady, signal, onlyFiles, verified: verified?.has(layer.digest) };
    stored.push((await fetchLayer(work, stopping)).stored);
  };
  for (const layer of layers) teller(layer)({ state: "waiting" });
  let next = 0;
  const worker = async () => {
    for (let i = next++; i < layers.length && failure === undefined; i = next++) {
      try {
        await fetchOne(i);
        finished[i]?.resolve();
      } catch (error) {
        failure ??= { error };
        for (const { reject } of finished) reject(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(parallel, layers.length) }, worker));
  const outcomes = await Promise.allSettled(stored);
  if (failure !== undefined) throw failure.error;
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
}
