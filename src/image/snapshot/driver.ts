import { InroError } from "../../oci/error.ts";
import type { Rootfs } from "../../oci/rootfs.ts";

export const driverNames = ["overlay", "btrfs", "copy"] as const;
export type DriverName = (typeof driverNames)[number];

const aliases: Readonly<Record<string, DriverName>> = { overlay2: "overlay", vfs: "copy" };

/** The driver that a word of the command line names, docker's words too. INVALID_OPTION */
export function parseDriver(word: string): DriverName {
  const name = driverNames.find((each) => each === word) ?? aliases[word];
  if (name !== undefined) return name;
  throw new InroError("INVALID_OPTION", {
    what: `cannot use the storage driver "${word}"`,
    why: `there are ${driverNames.join(", ")}`,
    at: "--storage-driver",
  });
}

/**
 * How a file system keeps layers and what containers write: all in which storage drivers differ. What one driver made
 * no other touches: layers lie in a folder for each driver, and a container's folder says whose it is.
 */
export interface Driver {
  readonly name: DriverName;
  /** The folder of layers below the data root. */
  readonly layersName: string;
  /** What of a container's folder holds what it wrote. */
  readonly writableName: string;
  /**
   * Makes of a layer that was unpacked to `folder/fs`, with overlayfs's whiteouts, what containers can stand on.
   * `below` resolves to the folder (`…/fs`) of the layer below when that is complete, or undefined for the lowest.
   */
  complete(folder: string, below: () => Promise<string | undefined>): Promise<void>;
  /**
   * The root of a container over the layers' folders, uppermost first. What it wrote before is found again; `limit` (bytes)
   * counts only when its files are first made. ROOTFS_IN_USE, NO_SPACE, QUOTA_UNSUPPORTED
   */
  prepare(folder: string, layers: readonly string[], limit: number | undefined): Promise<Rootfs>;
  /** The layers' files with nothing to write to; `folder` is there, and theirs alone. */
  view(folder: string, layers: readonly string[]): Rootfs;
  /** The container does not run any more. */
  release(folder: string): Promise<void>;
}
