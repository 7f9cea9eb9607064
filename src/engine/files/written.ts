import type { Image } from "../../image/images.ts";
import { type Core, folderOf } from "../core.ts";
import type { Entry } from "../entry.ts";
import { whileFrozen } from "../life/pause.ts";
import { holdTurn } from "../turn.ts";
import { isMountPoint } from "./changes.ts";

/**
 * Gives `work` what a container has written, as a layer's tar, and the image below. The container keeps its turn
 * meanwhile: it neither starts nor goes; with `pause` it stands still.
 */
export async function withWritten<T>(
  core: Core,
  entry: Entry,
  pause: boolean,
  work: (layer: AsyncIterable<Uint8Array>, below: Image) => Promise<T>,
): Promise<T> {
  const below = core.images.resolve(entry.origin.imageId);
  const release = await holdTurn(core, entry);
  const folder = folderOf(core, entry.id);
  const kept = entry.rootfs;
  try {
    const rootfs = kept ?? (await core.images.prepare(folder, below));
    const layer = core.trees.layer(rootfs, isMountPoint);
    return await work(pause ? whileFrozen(core, entry, layer) : layer, below);
  } finally {
    if (kept === null) await core.images.release(folder);
    release();
  }
}
