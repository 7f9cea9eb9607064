import type { Core } from "../core.ts";
import type { NetworkDetails } from "../engine.ts";
import type { Entry } from "../entry.ts";
import { endpointsOf } from "../networks/endpoints.ts";

/** What a start does with networks and volumes, as Docker tells it of each of them. */
export function tellStart(core: Core, entry: Entry): void {
  tellNetworks(core, entry, "connect");
  for (const { type, name, target, readOnly, propagation } of entry.origin.mounts) {
    if (type !== "volume" || name === null) continue;
    const how = { destination: target, propagation, "read/write": String(!readOnly) };
    tellVolume(core, entry, "mount", name, how);
  }
}

/** And its end. */
export function tellEnd(core: Core, entry: Entry): void {
  tellNetworks(core, entry, "disconnect");
  for (const { type, name } of entry.origin.mounts)
    if (type === "volume" && name !== null) tellVolume(core, entry, "unmount", name, {});
}

function tellNetworks(core: Core, entry: Entry, action: string): void {
  for (const { network } of endpointsOf(entry)) {
    const found = core.networkShelf.byName(network);
    if (found !== undefined) tellNetwork(core, entry, found, action);
  }
}

/** That a container comes into a network, or leaves it. */
export function tellNetwork(
  core: Core,
  { id: container }: Entry,
  { id, name, driver }: NetworkDetails,
  action: string,
): void {
  core.news.tell({ type: "network", action, id, attributes: { container, name, type: driver } });
}

function tellVolume(
  core: Core,
  entry: Entry,
  action: string,
  id: string,
  more: Readonly<Record<string, string>>,
): void {
  const attributes = { container: entry.id, driver: "local", ...more };
  core.news.tell({ type: "volume", action, id, attributes });
}
