import { chmod, chown } from "node:fs/promises";
import type { Rootfs } from "../../oci/rootfs.ts";
import { volumeOptions } from "../../volume/options.ts";
import type { Core } from "../core.ts";
import { layerFolders, statInLayers } from "../files/layers.ts";
import type { PreparedMounts } from "./mounts.ts";

/** Fills volumes that were just made with what the image holds where they will be mounted (as Docker does). */
export async function copyUp(core: Core, rootfs: Rootfs, made: PreparedMounts["made"]): Promise<void> {
  for (const { volume, target, copy } of made) {
    if (!copy || volumeOptions(volume.options).mount !== null) continue;
    const stats = statInLayers(layerFolders(rootfs), target);
    if (stats === undefined || !stats.isDirectory()) continue;
    const tar = core.trees.read(rootfs, target, { name: "", follow: true });
    await core.trees.apply({ kind: "folder", path: volume.mountpoint }, "/", tar);
    await chown(volume.mountpoint, stats.uid, stats.gid);
    await chmod(volume.mountpoint, stats.mode & 0o7777);
  }
}
