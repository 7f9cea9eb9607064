/** `image prune`: whatever is not wanted any more goes in one change of the index. */
import { familiar } from "../oci/reference.ts";
import type { Image } from "./image.ts";
import type { Removal, RemoveOptions } from "./images.ts";
import type { NamedManifests } from "./layout/names.ts";
import { usageOf } from "./usage.ts";

export interface PruneOptions extends Pick<RemoveOptions, "inUse"> {
  /** Whether an image may go that no container uses. */
  readonly mayGo: (image: Image) => boolean;
  /** Nothing is changed; the answer is what would be. */
  readonly dryRun: boolean;
}

export interface Pruned extends Removal {
  /** Bytes of blobs and unpacked layers that nothing else needs. */
  readonly reclaimed: number;
}

/** Takes each root out whose images may all go. Between its look and its change nothing can be named or used. */
export function pruneIndex(images: readonly Image[], o: PruneOptions, all: NamedManifests): Removal {
  const stays = (image: Image) => !o.mayGo(image) || o.inUse(image.id).length > 0;
  const kept = new Set(images.filter(stays).flatMap(({ roots }) => roots));
  const gone = [...all].filter(
    ([root]) => !kept.has(root) && images.some(({ roots }) => roots.includes(root)),
  );
  for (const [root] of gone) all.delete(root);
  return {
    untagged: gone.flatMap(([, { names, repoDigests }]) => [...names, ...repoDigests].map(familiar)),
    deleted: images.filter(({ roots }) => roots.every((root) => !all.has(root))).map(({ id }) => id),
  };
}

/** Bytes of the layers, packed and unpacked, that only these images have; of their documents nobody asks. */
export function reclaimedBy(images: readonly Image[], gone: ReadonlySet<string>): number {
  const kept = images.filter(({ id }) => !gone.has(id));
  const packed = (some: readonly Image[]) => {
    const layers = new Map(some.flatMap(({ layers: own }) => own.map(({ digest, size }) => [digest, size])));
    return [...layers.values()].reduce((sum, size) => sum + size, 0);
  };
  return usageOf(images).total - usageOf(kept).total + packed(images) - packed(kept);
}
