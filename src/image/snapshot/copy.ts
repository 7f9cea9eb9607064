import { mkdir } from "node:fs/promises";
import { syncIn } from "../tree/sync.ts";
import { copyTree } from "../tree/whole.ts";
import type { Driver } from "./driver.ts";
import { quotaUnsupported } from "./quota.ts";
import { wholeRoots } from "./whole-roots.ts";

/** Folders that are copies of each other: works everywhere, and costs little where files can share blocks (FICLONE). */
export function copyDriver(native: string): Driver {
  return wholeRoots({
    ...{ name: "copy", layersName: "snapshots-copy", writableName: "copy", native },
    async duplicate(from, to) {
      await mkdir(to, { mode: 0o755 });
      if (from !== undefined) await copyTree(native, from, to);
    },
    settle: (path) => syncIn(native, path),
    async limit(folder) {
      const why =
        "the driver copy keeps it together with the image's files, so that a quota would count both";
      throw quotaUnsupported(folder, why);
    },
  });
}
