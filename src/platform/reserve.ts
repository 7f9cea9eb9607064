import { rmSync, statfsSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** Space that is given up when the disk is full, so that removing something, which has to be written down, makes space. */
export interface Reserve {
  /** True: there is some space now that was not there before. */
  give(): boolean;
}

/** An index of a thousand images, or the records of some hundred changes. */
const BYTES = 1 << 20;

/** Milliseconds until it is looked whether there is space again. */
const PATIENCE = 1_000;

/** A file of zeros; where it cannot be made it is tried again when it would have been given. */
export function openReserve(path: string): Reserve {
  let held = false;
  const take = () => {
    try {
      const { bavail, bsize } = statfsSync(dirname(path));
      if (bavail * bsize < 4 * BYTES) throw new Error("it would be the last space");
      writeFileSync(path, new Uint8Array(BYTES), { mode: 0o600 });
      held = true;
    } catch {
      setTimeout(take, PATIENCE).unref();
    }
  };
  rmSync(path, { force: true });
  take();
  return {
    give: () => {
      if (!held) return false;
      held = false;
      rmSync(path, { force: true });
      setTimeout(take, PATIENCE).unref();
      return true;
    },
  };
}
