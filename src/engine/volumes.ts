import { randomBytes } from "node:crypto";
import { InroError } from "../oci/error.ts";
import { diskFull } from "../platform/disk-full.ts";
import { checkVolumeName } from "../volume/volumes.ts";
import { timeNow } from "./clock.ts";
import type { Core } from "./core.ts";
import type { Filters, VolumeDetails, Volumes } from "./engine.ts";
import { matchesLabel } from "./event-filter.ts";
import { treeSize } from "./files/size.ts";
import { checkFilters } from "./look/list.ts";

/** Volumes as the API offers them; who uses one is derived from the containers' records. */
export function engineVolumes(core: Core): Volumes {
  return {
    create: async ({ name, labels }) => {
      const known = name === null ? undefined : byName(core, name);
      return known ?? make(core, name, labels);
    },
    get: (name) => find(core, name),
    list: (filters) => list(core, filters),
    remove: (name, o) => remove(core, name, o.force),
    prune: (o) => prune(core, o),
    size: async (name) => treeSize(find(core, name).mountpoint),
  };
}

function byName(core: Core, name: string): VolumeDetails | undefined {
  return core.records.volumes().find((volume) => volume.name === name);
}

function find(core: Core, name: string): VolumeDetails {
  const found = byName(core, name);
  if (found !== undefined) return found;
  throw new InroError("NO_SUCH_VOLUME", {
    what: `cannot find the volume "${name}"`,
    why: `get ${name}: no such volume`,
  });
}

function make(core: Core, asked: string | null, labels: Readonly<Record<string, string>>): VolumeDetails {
  const name = asked === null ? randomBytes(32).toString("hex") : checkVolumeName(asked);
  try {
    core.volumes.make(name);
  } catch (cause) {
    throw diskFull(cause, { what: `cannot make the volume "${name}"`, folder: core.root }) ?? cause;
  }
  const mountpoint = core.volumes.pathOf(name);
  const volume = {
    name,
    driver: "local",
    mountpoint,
    created: timeNow(),
    labels,
    anonymous: asked === null,
  } as const;
  core.records.addVolume(volume);
  core.news.tell({ type: "volume", action: "create", id: name, attributes: { driver: "local" } });
  return volume;
}

function usersOf(core: Core, name: string): string[] {
  return [...core.shelf.all()]
    .filter((entry) => entry.origin.mounts.some((mount) => mount.type === "volume" && mount.name === name))
    .map((entry) => entry.id);
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
  if (byName(core, name) === undefined && force) return;
  find(core, name);
  const users = usersOf(core, name);
  if (users.length > 0)
    throw new InroError("VOLUME_IN_USE", {
      what: `cannot remove the volume "${name}"`,
      why: `volume is in use - [${users.join(", ")}]`,
      hint: "remove those containers first",
    });
  core.records.removeVolume(name);
  await core.volumes.remove(name);
  core.news.tell({ type: "volume", action: "destroy", id: name, attributes: { driver: "local" } });
}

async function prune(core: Core, { all, filters, dryRun }: Parameters<Volumes["prune"]>[0]) {
  const { all: _, ...rest } = filters;
  const unused = list(core, rest).filter(
    (volume) => (all || volume.anonymous) && usersOf(core, volume.name).length === 0,
  );
  let reclaimed = 0;
  for (const volume of unused) {
    reclaimed += await treeSize(volume.mountpoint);
    if (!dryRun) await remove(core, volume.name, true);
  }
  return { removed: unused.map((volume) => volume.name), reclaimed };
}
