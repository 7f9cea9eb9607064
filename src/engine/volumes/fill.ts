import { existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Core } from "../core.ts";
import type { VolumeDetails } from "../engine.ts";
import { discard } from "../life/remove.ts";
import { usersOf } from "./find.ts";

/** Fills a volume that has nothing yet, whole or not at all. One after the other: who comes second finds it filled. */
export async function fillEmpty(core: Core, volume: VolumeDetails, fill: () => Promise<void>): Promise<void> {
  await core.fillTurn.run(async () => {
    if (readdirSync(volume.mountpoint).length > 0) return;
    const mark = markOf(core, volume);
    writeFileSync(mark, "");
    try {
      await fill();
    } catch (cause) {
      emptyUnused(core, volume);
      throw cause;
    } finally {
      rmSync(mark, { force: true });
    }
  });
}

/** What an engine that ended meanwhile has begun to fill is empty again. */
export function takeBackFilling(core: Core, volume: VolumeDetails): void {
  const mark = markOf(core, volume);
  if (!existsSync(mark)) return;
  emptyUnused(core, volume);
  rmSync(mark);
}

/** A file beside those of the volume. */
const markOf = (core: Core, { name }: VolumeDetails) => join(core.volumes.folderOf(name), "filling");

/** Where containers have it, what they wrote cannot be told from what the image has: all of it stays. */
function emptyUnused(core: Core, { name, mountpoint }: VolumeDetails): void {
  if (usersOf(core, name).length > 0) return;
  for (const each of readdirSync(mountpoint)) discard(core, join(mountpoint, each));
}
