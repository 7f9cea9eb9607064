/** What a layer's files weigh, whichever form it is here in. */
import type { Digest } from "../oci/digest.ts";
import { mediaType } from "../oci/media-type.ts";
import type { Layer } from "./image.ts";
import type { Blobs } from "./layout/blobs.ts";
import type { Snapshots } from "./snapshot/snapshots.ts";
import { measureTar } from "./tar/meter.ts";

export interface Weights {
  /** Bytes of its files; of a compressed one that was never unpacked, those of its blob. */
  of(layer: Layer, chainId: Digest): number;
  /** What was seen when it was made. */
  learn(diffId: Digest, bytes: number): void;
}

export function weightsIn(blobs: Blobs, snapshots: Snapshots): Weights {
  const known = new Map<Digest, number>();
  const measured = ({ digest, size, mediaType: type }: Layer): number => {
    if (type !== mediaType.ociLayer || blobs.sizeOf(digest) !== size) return size;
    const bytes = measureTar(blobs.pathOf(digest));
    known.set(digest, bytes);
    return bytes;
  };
  return {
    of: (layer, chainId) => snapshots.sizeOf(chainId) ?? known.get(layer.diffId) ?? measured(layer),
    learn: (diffId, bytes) => void known.set(diffId, bytes),
  };
}
