/** Which driver a data root is served with: the one that was asked for, or the first that works there. */
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { InroError } from "../../oci/error.ts";
import { openTree } from "../tree/session.ts";
import { makeSubvolume } from "../tree/whole.ts";
import { btrfsDriver } from "./btrfs.ts";
import { copyDriver } from "./copy.ts";
import { type Driver, type DriverName, driverNames } from "./driver.ts";
import { overlayDriver } from "./overlay.ts";
import { fileSystemOf } from "./quota.ts";

const makers: { readonly [N in DriverName]: (native: string) => Driver } = {
  overlay: overlayDriver,
  btrfs: btrfsDriver,
  copy: copyDriver,
};

/** Each does once what the driver lives by, in a folder that goes afterwards. */
const trials: { readonly [N in DriverName]: (native: string, folder: string) => Promise<void> } = {
  async overlay(native, folder) {
    for (const name of ["lower", "upper", "work", "rootfs"]) mkdirSync(join(folder, name));
    const names = { lower: ["lower"], upper: "upper", work: "work", mountpoint: "rootfs" };
    await using _ = await openTree(native, { kind: "overlay", folder, ...names });
  },
  btrfs: (native, folder) => makeSubvolume(native, join(folder, "subvolume"), undefined),
  copy: async () => {},
};

async function attempt(native: string, root: string, name: DriverName): Promise<unknown> {
  const folder = join(root, ".trial");
  // What a daemon left that died in the middle. A subvolume is removed like a folder, as it is empty.
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  try {
    await trials[name](native, folder);
    return undefined;
  } catch (error) {
    return error;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A data root that one driver alone was used in stays with it. */
function inOrder(root: string): readonly DriverName[] {
  const holds = (folder: string) => existsSync(folder) && readdirSync(folder).length > 0;
  const used = driverNames.filter((name) => holds(join(root, makers[name]("").layersName)));
  return used.length === 1 ? [...used, ...driverNames] : driverNames;
}

/**
 * The driver for a data root; without a wish the one that was used there, else the first of overlay, btrfs and copy that
 * works. STORAGE_DRIVER_UNUSABLE
 */
export async function openDriver(
  native: string,
  root: string,
  wish: DriverName | undefined,
): Promise<Driver> {
  for (const name of wish === undefined ? inOrder(root) : [wish]) {
    const cause = await attempt(native, root, name);
    if (cause === undefined) return makers[name](native);
    if (wish === undefined) continue;
    throw new InroError("STORAGE_DRIVER_UNUSABLE", {
      what: `cannot use the storage driver ${name} in ${root}`,
      why: `${fileSystemOf(root)} there cannot do it: ${cause instanceof InroError ? cause.why : cause}`,
      hint: "place the data root elsewhere, or leave the driver to be found",
      cause,
    });
  }
  return copyDriver(native);
}

/** The driver that made a container's files; undefined where there are none yet. */
export function driverOf(containerFolder: string): DriverName | undefined {
  const made = ({ writableName }: Driver) => existsSync(join(containerFolder, writableName));
  return driverNames.find((name) => made(makers[name]("")));
}

/** STORAGE_DRIVER_OTHER for a container that another driver made. */
export function checkDriver(containerFolder: string, driver: Driver): void {
  const maker = driverOf(containerFolder);
  if (maker === undefined || maker === driver.name) return;
  throw new InroError("STORAGE_DRIVER_OTHER", {
    what: `cannot reach the files of ${containerFolder}`,
    why: `the storage driver ${maker} made them, and this daemon uses ${driver.name}`,
    hint: `start the daemon with --storage-driver ${maker}`,
  });
}
