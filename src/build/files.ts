/** Files of layers as a tar: what a cache mount begins with, and what `--output` of a build writes. */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { releasing } from "../engine/files/archive.ts";
import type { EngineImages } from "../engine/images.ts";
import type { Stack } from "../image/images.ts";
import { plainRoot } from "../image/tree/root.ts";
import type { Tree as Trees } from "../image/tree/tree.ts";

/** What is in a folder of a stack; `folder`: for what is needed meanwhile. NO_SPACE, LAYER_DAMAGED, TREE_FAILED. */
export async function filesIn(
  { layers, chainIds }: Stack,
  path: string,
  o: { readonly images: EngineImages; readonly trees: Trees; readonly folder: string },
): Promise<Readable> {
  await using undo = new AsyncDisposableStack();
  undo.defer(await o.images.layers.hold());
  const place = join(o.folder, randomBytes(8).toString("hex"));
  undo.defer(() => o.trees.remove(place));
  const view = await o.images.layers.view(place, { layers, chainIds });
  return releasing(o.trees.read(plainRoot(view), path, { name: "", follow: true }), undo.move());
}
