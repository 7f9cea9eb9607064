import { chainIdOn, chainIdsOf, type Digest } from "../oci/digest.ts";
import type { Layer } from "./image.ts";

/** Layers that lie upon each other, from the bottom up; an image is one. */
export interface Stack {
  readonly layers: readonly Layer[];
  readonly chainIds: readonly Digest[];
}

export const NO_LAYERS: Stack = { layers: [], chainIds: [] };

export function stackOf(layers: readonly Layer[]): Stack {
  return { layers, chainIds: chainIdsOf(layers.map(({ diffId }) => diffId)) };
}

/** One layer more. */
export const stackOn = (below: Stack, layer: Layer): Stack => ({
  layers: [...below.layers, layer],
  chainIds: [...below.chainIds, chainIdOn(below.chainIds.at(-1), layer.diffId)],
});

/** What stands for all files of a stack; "" for none. */
export const topOf = ({ chainIds }: Stack): Digest | "" => chainIds.at(-1) ?? "";
