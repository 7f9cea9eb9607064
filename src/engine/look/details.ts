import { join } from "node:path";
import { driverOf } from "../../image/snapshot/drivers.ts";
import { type Core, folderOf } from "../core.ts";
import { optionsOf } from "../current.ts";
import type { ContainerDetails, EndpointDetails } from "../engine.ts";
import type { Entry } from "../entry.ts";
import { logPath } from "../life/request.ts";
import { endpointsOf } from "../networks/endpoints.ts";
import type { ContainerFortune, ContainerOrigin } from "../records.ts";

interface Told {
  readonly origin: ContainerOrigin;
  readonly fortune: ContainerFortune;
  readonly details: ContainerDetails;
}

/** Listings ask for every container again and again: the same answer as long as nothing in it has changed. */
const told = new WeakMap<Entry, Told>();

/** One container as of this moment; the same object until something of it changes. */
export function details(core: Core, entry: Entry): ContainerDetails {
  const last = told.get(entry);
  if (last !== undefined && isCurrent(last, entry)) return last.details;
  const fresh = lookAt(core, entry);
  told.set(entry, { origin: entry.origin, fortune: entry.fortune, details: fresh });
  return fresh;
}

function isCurrent({ origin, fortune, details: { name, execIds } }: Told, entry: Entry): boolean {
  return (
    origin === entry.origin &&
    fortune === entry.fortune &&
    name === entry.name &&
    execIds.length === entry.execs.size &&
    execIds.every((id) => entry.execs.has(id))
  );
}

function lookAt(core: Core, entry: Entry): ContainerDetails {
  const { origin, fortune, id, name } = entry;
  const folder = folderOf(core, id);
  return {
    id,
    name,
    created: origin.created,
    imageId: origin.imageId,
    options: optionsOf(entry),
    arguments: origin.arguments,
    state: fortune.state,
    startedAt: fortune.startedAt,
    restartCount: fortune.restartCount,
    memoryKills: fortune.memoryKills,
    health: fortune.health,
    mounts: origin.mounts,
    endpoints: endpointDetails(core, entry),
    ports: portsOf(fortune),
    execIds: [...entry.execs.keys()],
    storageDriver: driverOf(folder) ?? core.images.driver,
    paths: {
      folder,
      log: logPath(folder),
      hostname: join(folder, "hostname"),
      hosts: join(folder, "hosts"),
      resolvConf: join(folder, "resolv.conf"),
    },
  };
}

/** Ports of a container that lost its last network are held for it, but open nowhere. */
export const portsOf = ({ attachments }: ContainerFortune): ContainerDetails["ports"] =>
  attachments.flatMap(({ addresses, ports }) => (addresses.length === 0 ? [] : ports));

function endpointDetails(core: Core, entry: Entry): EndpointDetails[] {
  return endpointsOf(entry).map((endpoint) => ({
    ...endpoint,
    networkId: core.networkShelf.byName(endpoint.network)?.id ?? "",
    live: entry.fortune.attachments.find(({ network }) => network === endpoint.network) ?? null,
  }));
}
