/** The driver overlay: the names of an overlay, and the lock that keeps a container's writable layer mounted once. */
import { chmodSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { InroError } from "../../oci/error.ts";
import { bootId } from "../../platform/boot-id.ts";
import type { Driver } from "./driver.ts";
import { limitWritable } from "./quota.ts";

const lockName = "upper.lock";

/**
 * overlayfs mounts a second time on the same upper folder without a word (docs/KERNEL.md, "Mounts"), so each has a
 * lock. It is a file and no flock, since a container outlives the daemon that locked; a lock of another boot is stale.
 */
function lock(folder: string): void {
  const path = join(folder, lockName);
  try {
    writeFileSync(path, bootId(), { flag: "wx", mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    if (readFileSync(path, "utf8") !== bootId()) {
      writeFileSync(path, bootId());
      return;
    }
    throw new InroError("ROOTFS_IN_USE", {
      what: `cannot mount the root of ${folder}`,
      why: "its writable layer is in use",
      hint: "stop the container first",
    });
  }
}

/** Answers whether it was not there. */
function makeFolder(path: string, mode: number): boolean {
  try {
    mkdirSync(path);
    chmodSync(path, mode);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    return false;
  }
}

/** Names are one or two characters: `l/0` is the uppermost. They point relatively, so a data root can be moved. */
function nameLayers(folder: string, layers: readonly string[]): string[] {
  const links = join(folder, "l");
  rmSync(links, { recursive: true, force: true });
  mkdirSync(links, { mode: 0o700 });
  const names: string[] = [];
  for (const [i, layer] of layers.entries()) {
    symlinkSync(relative(links, layer), join(links, i.toString(36)));
    names.push(`l/${i.toString(36)}`);
  }
  return names;
}

async function release(folder: string): Promise<void> {
  rmSync(join(folder, lockName), { force: true });
}

/** Layers as they are, mounted upon each other by whoever needs them: nothing is copied, nor mounted on the host. */
export function overlayDriver(native: string): Driver {
  return {
    ...{ name: "overlay", layersName: "snapshots", writableName: "upper" },
    complete: async () => {},
    async prepare(folder, layers, limit) {
      lock(folder);
      try {
        makeFolder(join(folder, "work"), 0o700);
        makeFolder(join(folder, "rootfs"), 0o700);
        const fresh = makeFolder(join(folder, "upper"), 0o755);
        // overlayfs makes files in `work` and moves them to `upper`, which must be the same project (rename(2), EXDEV).
        if (fresh && limit !== undefined)
          await limitWritable(native, folder, ["upper", "work"], { bytes: limit, by: "project" });
        const lower = nameLayers(folder, layers);
        return { kind: "overlay", folder, lower, upper: "upper", work: "work", mountpoint: "rootfs" };
      } catch (error) {
        await release(folder);
        throw error;
      }
    },
    // overlayfs.rst, "Multiple lower layers": without an upper folder there have to be two.
    view(folder, layers) {
      const [only] = layers;
      if (only !== undefined && layers.length === 1) return { kind: "folder", path: only };
      makeFolder(join(folder, "rootfs"), 0o700);
      const lower = nameLayers(folder, layers);
      return { kind: "overlay", folder, lower, upper: "", work: "", mountpoint: "rootfs" };
    },
    release,
  };
}
