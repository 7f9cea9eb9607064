/** The files of images, read from their layers' blobs: whatever unpacked them, and also where nothing did. */
import { InroError } from "../../oci/error.ts";
import type { Image } from "../image.ts";
import { decompressed } from "../layer-stream.ts";
import type { Blobs } from "../layout/blobs.ts";
import { TarError } from "../tar/error.ts";
import { type Change, compare } from "./diff.ts";
import { readLayer } from "./read.ts";
import { openTree, type Tree } from "./tree.ts";
import { type LayerWeight, scales } from "./weigh.ts";

/** An image, and what a container has written over it (a layer's tar, plain). */
export interface Side {
  readonly image: Image;
  readonly written?: AsyncIterable<Uint8Array>;
}

async function addLayers(
  tree: Tree,
  blobs: Blobs,
  { layers }: Image,
  { from, to, hashed }: { readonly from: number; readonly to: number; readonly hashed: boolean },
): Promise<void> {
  for (const [i, { digest }] of layers.slice(from, to).entries()) {
    try {
      await readLayer(tree, decompressed(blobs.stream(digest)), { layer: from + i, hashed });
    } catch (cause) {
      if (!(cause instanceof TarError)) throw cause;
      throw new InroError("LAYER_DAMAGED", {
        what: `cannot read layer ${digest}`,
        why: cause.message,
        cause,
      });
    }
  }
}

/** What the second has added, changed and removed. The layers that both stand on are read once. Throws BLOB_MISSING. */
export async function diffImages(blobs: Blobs, a: Side, b: Side): Promise<Change[]> {
  const [ours, theirs] = [a.image.layers, b.image.layers];
  let shared = 0;
  while (shared < ours.length && ours[shared]?.diffId === theirs[shared]?.diffId) shared++;
  const isSame = shared === ours.length && shared === theirs.length;
  if (isSame && a.written === undefined && b.written === undefined) return [];
  const base = openTree();
  await addLayers(base, blobs, a.image, { from: 0, to: shared, hashed: true });
  const grown = async ({ image, written }: Side) => {
    const tree = base.fork();
    const { length } = image.layers;
    await addLayers(tree, blobs, image, { from: shared, to: length, hashed: true });
    if (written !== undefined) await readLayer(tree, written, { layer: length, hashed: true });
    return tree.root;
  };
  return compare(await grown(a), await grown(b));
}

/** From the bottom up. Throws BLOB_MISSING. */
export async function weighLayers(blobs: Blobs, image: Image): Promise<LayerWeight[]> {
  const { length } = image.layers;
  const scale = scales(length);
  const tree = openTree(scale.onGone);
  await addLayers(tree, blobs, image, { from: 0, to: length, hashed: false });
  return scale.weigh(tree.root);
}
