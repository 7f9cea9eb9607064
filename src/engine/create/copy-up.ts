import { chmod, chown } from "node:fs/promises";
import type { Rootfs } from "../../oci/rootfs.ts";
import { volumeOptions } from "../../volume/options.ts";
import type { Core } from "../core.ts";
import { layerFolders, statInLayers } from "../files/layers.ts";
import { fillEmpty } from "../volumes/fill.ts";
import type { PreparedMounts } from "./mounts.ts";

/** Fills volumes that are empty with what the image holds where they will be mounted, and gives them its owner (as Docker does). */
export async function copyUp(core: Core, rootfs: Rootfs, filled: PreparedMounts["filled"]): Promise<void> {
  for (const { volume, target } of filled) {
    if (volumeOptions(volume.options).mount !== null) continue;
    const stats = statInLayers(layerFolders(rootfs), target);
    if (stats === undefined || !stats.isDirectory()) continue;
    await fillEmpty(core, volume, async () => {
      const tar = core.trees.read(rootfs, target, { name: "", follow: true });
      await core.trees.apply({ kind: "folder", path: volume.mountpoint }, "/", tar);
      await chown(volume.mountpoint, stats.uid, stats.gid);
      await chmod(volume.mountpoint, stats.mode & 0o7777);
    });
  }
}
