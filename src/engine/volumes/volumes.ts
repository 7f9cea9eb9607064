import { InroError } from "../../oci/error.ts";
import { volumeOptions } from "../../volume/options.ts";
import type { Core } from "../core.ts";
import type { Filters, VolumeDetails, Volumes } from "../engine.ts";
import { matchesLabel } from "../event-filter.ts";
import { treeSize } from "../files/size.ts";
import { takeAway } from "../life/remove.ts";
import { checkFilters } from "../look/list.ts";
import { cloneVolume, exportVolume, importVolume } from "./copy.ts";
import { findVolume, usersOf, volumeNamed } from "./find.ts";
import { checkNotHeld } from "./holds.ts";
import { makeVolume } from "./make.ts";
import { renameVolume } from "./rename.ts";

/** Volumes as the API offers them. */
export function engineVolumes(core: Core): Volumes {
  return {
    create: (o) => makeVolume(core, o),
    get: (name) => findVolume(core, name),
    list: (filters) => list(core, filters),
    remove: (name, o) => remove(core, name, o.force),
    rename: (name, to) => renameVolume(core, name, to),
    clone: (name, o) => cloneVolume(core, name, o),
    export: (name) => exportVolume(core, name),
    import: (o, tar) => importVolume(core, o, tar),
    prune: (o) => prune(core, o),
    size: async (name) => sizeOf(findVolume(core, name)),
  };
}

/** What is mounted in containers alone takes no room here. */
async function sizeOf({ mountpoint, options }: VolumeDetails): Promise<number> {
  return volumeOptions(options).mount === null ? treeSize(mountpoint) : 0;
}

function list(core: Core, filters: Filters): VolumeDetails[] {
  checkFilters(filters, ["name", "label", "label!", "driver", "dangling"]);
  const matches = (volume: VolumeDetails, key: string, wanted: string): boolean => {
    if (key === "name") return volume.name.includes(wanted);
    if (key === "label") return matchesLabel(volume.labels, wanted);
    if (key === "label!") return !matchesLabel(volume.labels, wanted);
    if (key === "driver") return volume.driver === wanted;
    return (usersOf(core, volume.name).length === 0) === (wanted === "true" || wanted === "1");
  };
  return core.records
    .volumes()
    .filter((volume) =>
      Object.entries(filters).every(([key, values]) =>
        key === "label!"
          ? values.every((value) => matches(volume, key, value))
          : values.some((value) => matches(volume, key, value)),
      ),
    );
}

async function remove(core: Core, name: string, force: boolean): Promise<void> {
  if (volumeNamed(core, name) === undefined && force) return;
  findVolume(core, name);
  const users = usersOf(core, name).map(({ id }) => id);
  if (users.length > 0)
    throw new InroError("VOLUME_IN_USE", {
      what: `cannot remove the volume "${name}"`,
      why: `volume is in use - [${users.join(", ")}]`,
      hint: "remove those containers first",
    });
  checkNotHeld(core, name, `cannot remove the volume "${name}"`);
  takeAway(core, name);
}

async function prune(core: Core, { all, filters, dryRun }: Parameters<Volumes["prune"]>[0]) {
  const { all: _, ...rest } = filters;
  const unused = list(core, rest).filter(
    ({ name, anonymous }) =>
      (all || anonymous) && usersOf(core, name).length === 0 && !core.volumeHolds.has(name),
  );
  let reclaimed = 0;
  for (const volume of unused) {
    reclaimed += await sizeOf(volume);
    if (!dryRun) await remove(core, volume.name, true);
  }
  if (!dryRun) core.news.tellPruned("volume", reclaimed);
  return { removed: unused.map((volume) => volume.name), reclaimed };
}
