import {
  type AttachmentRecord,
  addressesOf,
  attachmentRecord,
  leads,
  leadsFor,
  unconnected,
} from "../../network/network.ts";
import { type Family, families } from "../../oci/address.ts";
import { InroError } from "../../oci/error.ts";
import { type Core, record } from "../core.ts";
import type { NetworkDetails } from "../engine.ts";
import type { Entry } from "../entry.ts";
import { writeConnectionFiles } from "../life/request.ts";
import type { EndpointOption } from "../options.ts";
import { isLive } from "../state.ts";
import { bandwidthOf, limitNow } from "./bandwidth.ts";
import {
  checkBandwidth,
  checkEndpoint,
  conflict,
  endpointsOf,
  gatewayAmong,
  leaderAmong,
} from "./endpoints.ts";

/**
 * Connects a container with a network, at once when it runs. In the container's turn.
 * `asked`: its links settled; `as`: what it was there before.
 */
export async function connect(
  core: Core,
  entry: Entry,
  network: NetworkDetails,
  asked: Omit<EndpointOption, "network">,
  as?: AttachmentRecord,
): Promise<void> {
  const endpoint = { ...asked, network: network.name };
  const before = endpointsOf(entry);
  if (before.some((one) => one.network === network.name)) throw alreadyConnected(entry, network);
  const lone = [...before, endpoint].find(({ network: name }) => name === "host" || name === "none");
  if (entry.origin.options.network.kind === "container") throw conflict("container");
  if (lone !== undefined && (before.length > 0 || lone.network === "host")) throw conflict(lone.network);
  checkEndpoint(network, endpoint);
  const endpoints = [...before, endpoint];
  checkBandwidth(network, bandwidthOf(entry));
  const { attachments, state } = entry.fortune;
  if (!isLive(state) || entry.live === null) return record(core, entry, { endpoints }, "machine");
  const parked = attachments.find(isParked);
  // A network of larger frames needs a larger bucket.
  const shaper = await limitNow(core, entry, endpoints);
  const attachment = await core.networks.connect({
    containerId: entry.id,
    name: entry.name,
    network: network.name,
    number: freeNumber(attachments),
    leads: [],
    joined: true,
    addresses: as === undefined ? endpoint.addresses : addressesOf(as),
    mac: as?.mac ?? endpoint.mac,
    ports: [],
    shaper,
  });
  // Recorded when it is made: an interface that no record knows is swept by the next engine.
  await core.networks.join(attachment, entry.live.pid);
  const led = attachments.flatMap(leadsFor);
  const unled = families.filter((family) => !led.includes(family));
  const ports = led.length === 0 ? (parked?.ports ?? []) : [];
  const joined = await core.networks.leadThrough(
    attachmentRecord(attachment),
    { families: unled, ports },
    entry.live.pid,
  );
  const others = joined.ports.length > 0 ? attachments.filter((one) => one !== parked) : attachments;
  record(core, entry, { endpoints, attachments: [...others, joined] }, "machine");
  writeConnectionFiles(core, entry);
}

/** Disconnects it, at once when it runs; its default route and published ports move to another of its networks. */
export async function disconnect(core: Core, entry: Entry, network: NetworkDetails): Promise<void> {
  const before = endpointsOf(entry);
  if (network.name === "host") throw conflict("host");
  if (!before.some((one) => one.network === network.name)) throw notConnected(entry, network);
  const endpoints = before.filter((one) => one.network !== network.name);
  const { attachments } = entry.fortune;
  const leaving = attachments.find((one) => one.network === network.name);
  if (entry.live === null || leaving === undefined) return record(core, entry, { endpoints }, "machine");
  const { pid } = entry.live;
  const stay = attachments.filter((one) => one !== leaving && !isParked(one));
  const ports = [leaving, ...attachments.filter(isParked)].flatMap((one) => one.ports);
  // Its ports stay its own: the next of its networks that leads out publishes them again.
  const parked = ports.length === 0 ? [] : [unconnected(entry.id, entry.name, "", ports)];
  // Recorded before it is done: an interface that no record knows is swept by the next engine.
  record(core, entry, { endpoints, attachments: [...stay, ...parked] }, "machine");
  await core.networks.disconnect(leaving, { from: pid, keepPorts: true });
  await leadAgain(core, entry, pid);
  writeConnectionFiles(core, entry);
}

/**
 * Default routes that lead nowhere and ports that nobody publishes went with a network that the container has left: they go
 * through those of its networks that can have them. Answers whether there were any. In the container's turn.
 */
export async function leadAgain(core: Core, entry: Entry, pid: number): Promise<boolean> {
  const endpoints = endpointsOf(entry);
  const { attachments } = entry.fortune;
  const led = attachments.flatMap(leadsFor);
  const unled = families.filter((family) => !led.includes(family));
  const parked = attachments.filter(isParked).flatMap(({ ports }) => ports);
  const gateway = gatewayAmong(core, endpoints)?.network;
  let now = attachments;
  for (const heir of attachments) {
    const isLeader = (family: Family) => leaderAmong(core, endpoints, family)?.network === heir.network;
    const own = unled.filter(isLeader);
    const publishes =
      heir.network === gateway && heir.hostInterface !== "" && (own.length > 0 || leads(heir));
    const what = { families: own, ports: publishes ? parked : [] };
    if (what.families.length + what.ports.length === 0) continue;
    const leading = await core.networks.leadThrough(heir, what, pid);
    const others = what.ports.length > 0 ? now.filter((one) => !isParked(one)) : now;
    now = others.map((one) => (one === heir ? leading : one));
    record(core, entry, { attachments: now }, "machine");
  }
  return now !== attachments;
}

/** Holds the ports while the container is in no network that could publish them. */
const isParked = ({ addresses, ports }: AttachmentRecord) => addresses.length === 0 && ports.length > 0;

function freeNumber(attachments: readonly AttachmentRecord[]): number {
  const taken = new Set(attachments.map(({ inside }) => inside));
  let number = 0;
  while (taken.has(`eth${number}`)) number++;
  return number;
}

function alreadyConnected(entry: Entry, network: NetworkDetails): InroError {
  return new InroError("ENDPOINT_EXISTS", {
    what: `cannot connect the container "${entry.name}" with the network "${network.name}"`,
    why: `endpoint with name ${entry.name} already exists in network ${network.name}`,
  });
}

function notConnected(entry: Entry, network: NetworkDetails): InroError {
  return new InroError("NOT_CONNECTED", {
    what: `cannot disconnect the container "${entry.name}" from the network "${network.name}"`,
    why: `container ${entry.id} is not connected to network ${network.name}`,
  });
}
