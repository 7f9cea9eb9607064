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
      empty(core, volume);
      throw cause;
    } finally {
      rmSync(mark, { force: true });
    }
  });
}

/** What an engine that ended meanwhile has begun to fill is empty again, unless somebody runs with it: then it is theirs. */
export function takeBackFilling(core: Core, volume: VolumeDetails): void {
  const mark = markOf(core, volume);
  if (!existsSync(mark)) return;
  if (!usersOf(core, volume.name).some(({ live }) => live !== null)) empty(core, volume);
  rmSync(mark);
}

/** A file beside those of the volume. */
const markOf = (core: Core, { name }: VolumeDetails) => join(core.volumes.folderOf(name), "filling");

function empty(core: Core, { mountpoint }: VolumeDetails): void {
  for (const name of readdirSync(mountpoint)) discard(core, join(mountpoint, name));
}
