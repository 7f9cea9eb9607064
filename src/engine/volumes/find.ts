import { InroError } from "../../oci/error.ts";
import type { Core } from "../core.ts";
import type { VolumeDetails } from "../engine.ts";
import type { Entry } from "../entry.ts";

export function volumeNamed(core: Core, name: string): VolumeDetails | undefined {
  return core.records.volume(name);
}

/** NO_SUCH_VOLUME. */
export function findVolume(core: Core, name: string): VolumeDetails {
  const found = volumeNamed(core, name);
  if (found !== undefined) return found;
  throw new InroError("NO_SUCH_VOLUME", {
    what: `cannot find the volume "${name}"`,
    why: `get ${name}: no such volume`,
    hint: "list them with: inro volume ls",
  });
}

/** Who uses one is derived from the containers' records. */
export function usersOf(core: Core, name: string): Entry[] {
  return [...core.shelf.all()].filter(({ origin }) =>
    origin.mounts.some((mount) => mount.type === "volume" && mount.name === name),
  );
}

export function nameTaken(name: string): InroError {
  return new InroError("VOLUME_EXISTS", {
    what: `cannot name a volume "${name}"`,
    why: "there is one of that name",
    hint: "choose another name, or remove that one",
  });
}
