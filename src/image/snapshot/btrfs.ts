import { makeSubvolume } from "../tree/whole.ts";
import type { Driver } from "./driver.ts";
import { limitWritable } from "./quota.ts";
import { wholeRoots } from "./whole-roots.ts";

/** Subvolumes that are snapshots of each other. */
export function btrfsDriver(native: string): Driver {
  return wholeRoots({
    ...{ name: "btrfs", layersName: "snapshots-btrfs", writableName: "subvolume", native },
    // btrfs-subvolume(8): a snapshot is made in a transaction of its own, with what was written to its source before.
    settle: async () => {},
    duplicate: (from, to) => makeSubvolume(native, to, from),
    limit: (folder, name, bytes) => limitWritable(native, folder, [name], { bytes, by: "subvolume" }),
  });
}
