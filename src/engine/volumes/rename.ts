import { existsSync } from "node:fs";
import { checkVolumeName } from "../../volume/volumes.ts";
import type { Core } from "../core.ts";
import type { VolumeDetails } from "../engine.ts";
import type { ContainerOrigin } from "../records.ts";
import { findVolume, nameTaken, usersOf, volumeNamed } from "./find.ts";
import { checkNotHeld, holdVolume } from "./holds.ts";
import { withTurns } from "./turns.ts";

/**
 * Another name, in the records of all containers that use the volume too; those that run go on with it, since a mount
 * follows its folder. The record leads: an engine that ends in between has said what it wanted, and the next one moves the
 * folder. NO_SUCH_VOLUME, VOLUME_EXISTS, VOLUME_IN_USE, INVALID_OPTION.
 */
export async function renameVolume(core: Core, from: string, to: string): Promise<void> {
  findVolume(core, from);
  checkVolumeName(to);
  if (volumeNamed(core, to) !== undefined) throw nameTaken(to);
  checkNotHeld(core, from, `cannot rename the volume "${from}"`);
  using _ = holdVolume(core, from);
  await withTurns(usersOf(core, from), async () => {
    const volume = findVolume(core, from);
    const entries = usersOf(core, from);
    const mountpoint = core.volumes.pathOf(to);
    const renamed: VolumeDetails = { ...volume, name: to, mountpoint, anonymous: false, renamedFrom: from };
    const changed = entries.map((entry) => ({ entry, origin: movedIn(entry.origin, from, renamed) }));
    core.records.renameVolume(
      from,
      renamed,
      changed.map(({ entry, origin }) => ({ id: entry.id, origin })),
    );
    for (const { entry, origin } of changed) entry.origin = origin;
    completeRename(core, renamed);
    core.news.tell({
      type: "volume",
      action: "rename",
      id: to,
      attributes: { driver: "local", oldName: from },
    });
  });
}

/** Moves the folder where that is still to be done. */
export function completeRename(core: Core, volume: VolumeDetails): void {
  if (volume.renamedFrom === null) return;
  // An engine may have ended between the move and the note of it.
  if (!existsSync(core.volumes.folderOf(volume.name))) core.volumes.rename(volume.renamedFrom, volume.name);
  core.records.updateVolume({ ...volume, renamedFrom: null });
}

function movedIn(
  origin: ContainerOrigin,
  from: string,
  { name, mountpoint }: VolumeDetails,
): ContainerOrigin {
  const moved = new Set(
    origin.mounts
      .filter((mount) => mount.type === "volume" && mount.name === from)
      .map(({ target }) => target),
  );
  return {
    ...origin,
    mounts: origin.mounts.map((mount) =>
      moved.has(mount.target) ? { ...mount, name, source: mountpoint, anonymous: false } : mount,
    ),
    options: {
      ...origin.options,
      mounts: origin.options.mounts.map((mount) =>
        mount.type === "volume" && moved.has(mount.target) ? { ...mount, name } : mount,
      ),
    },
  };
}
