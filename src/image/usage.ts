import type { Digest } from "../oci/digest.ts";
import type { Image } from "./image.ts";

/** What the unpacked layers of images take, in bytes. */
export interface Usage {
  /** Of all layers, each once. */
  readonly total: number;
  /** Of an image's layers that another image has as well. */
  shared(image: Image): number;
}

export function usageOf(images: readonly Image[]): Usage {
  const owners = new Map<Digest, number>();
  let total = 0;
  for (const { chainIds, layerSizes } of images)
    for (const [at, chainId] of chainIds.entries()) {
      const known = owners.get(chainId);
      owners.set(chainId, (known ?? 0) + 1);
      if (known === undefined) total += layerSizes[at] ?? 0;
    }
  return {
    total,
    shared: ({ chainIds, layerSizes }) =>
      chainIds.reduce((sum, id, at) => sum + ((owners.get(id) ?? 0) > 1 ? (layerSizes[at] ?? 0) : 0), 0),
  };
}
