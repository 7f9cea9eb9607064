/** A container's own layer over an image's: the names of an overlay, and the lock that keeps it mounted once. */
import { chmodSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { InroError } from "../../oci/error.ts";
import type { Rootfs } from "../../oci/rootfs.ts";

const bootId = () => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
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

function makeFolder(path: string, mode: number): void {
  try {
    mkdirSync(path);
    chmodSync(path, mode);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
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

/** Locks the container's writable layer and names the layers below it, uppermost first. Throws ROOTFS_IN_USE. */
export async function prepareOverlay(folder: string, layers: readonly string[]): Promise<Rootfs> {
  lock(folder);
  try {
    makeFolder(join(folder, "upper"), 0o755);
    makeFolder(join(folder, "work"), 0o700);
    makeFolder(join(folder, "rootfs"), 0o700);
    const lower = nameLayers(folder, layers);
    return { kind: "overlay", folder, lower, upper: "upper", work: "work", mountpoint: "rootfs" };
  } catch (error) {
    await releaseOverlay(folder);
    throw error;
  }
}

export async function releaseOverlay(folder: string): Promise<void> {
  rmSync(join(folder, lockName), { force: true });
}
