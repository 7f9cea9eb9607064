import { type Core, tell } from "../core.ts";
import type { VolumeDetails } from "../engine.ts";
import type { Entry } from "../entry.ts";
import type { BeforeEdit, ContainerFortune, ContainerOrigin } from "../records.ts";

/** What a container is from now on, and what was made for it. */
export interface Successor {
  readonly name: string;
  readonly origin: ContainerOrigin;
  readonly volumes: readonly VolumeDetails[];
}

/** What `update`, `port` and the like have changed of what it was made as: an edit writes it into the options themselves. */
export const FOLDED = { bandwidth: null, resources: null, restart: null, ports: null } as const;

/** What the next engine goes back to when an edit does not end. */
export function beginning({ fortune }: Entry, { restarts }: { readonly restarts: boolean }): BeforeEdit {
  const { bandwidth, resources, restart, ports, endpoints, attachments } = fortune;
  return { bandwidth, resources, restart, ports, endpoints, attachments, restarts };
}

/** All that an edit changes is written in one piece. NAME_IN_USE. */
export function settle(
  core: Core,
  entry: Entry,
  { name, origin, volumes }: Successor,
  change: Partial<ContainerFortune>,
): void {
  const fortune = { ...entry.fortune, ...change };
  core.records.replaceContainer({ id: entry.id, name, origin, fortune }, volumes);
  const oldName = entry.name;
  entry.origin = origin;
  entry.fortune = fortune;
  for (const volume of volumes)
    core.news.tell({ type: "volume", action: "create", id: volume.name, attributes: { driver: "local" } });
  if (name === oldName) return;
  core.shelf.rename(entry, name);
  tell(core, entry, "rename", { oldName: `/${oldName}` });
}
