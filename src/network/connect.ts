import { existsSync } from "node:fs";
import { emptyFragment } from "../kernel/plan/fragment.ts";
import { familyOf, parseSubnet } from "../oci/address.ts";
import { type PortBinding, without } from "../oci/port.ts";
import { type AddressPools, addressPools, macOf } from "./addresses.ts";
import {
  type Attachment,
  type AttachmentRecord,
  addressesOf,
  type ConnectRequest,
  type Network,
} from "./attachment.ts";
import { closePorts, removeInterface } from "./bridge.ts";
import type { Driver } from "./driver.ts";
import { forgetFlows } from "./flows.ts";
import { insideIndex, insideName, loopbackFragment, newConnection } from "./fragment.ts";
import type { NetworkIdentity } from "./identity.ts";
import { executeIn } from "./inside.ts";
import type { Executor, ExecutorProcess } from "./lasting-executor.ts";
import { removeLink } from "./operations.ts";
import type { Reservations } from "./reservation.ts";
import { leadThroughLimits } from "./shaper.ts";

/** What the room holds while it is open. */
export interface State {
  readonly executor: Executor;
  readonly openExecutor: () => ExecutorProcess;
  readonly identity: NetworkIdentity;
  readonly ports: Reservations;
  /** Connections of containers that run or start, by their id. */
  readonly attached: Map<string, AttachmentRecord>;
  /** Hears what went wrong and holds nothing up. */
  readonly tell: (message: string) => void;
  /** Work that nobody waits for: removing an interface takes the kernel 20 ms, and mostly it is gone by itself. */
  readonly later: (work: () => Promise<void>) => void;
  /** Of networks that somebody connected to, by name. */
  readonly pools: Map<string, AddressPools>;
  readonly driverOf: (network: Network) => Driver<Network>;
  /** NO_SUCH_NETWORK. */
  readonly network: (name: string) => Network;
}

/** The connection that `none` and `host` are; ports of a container that has lost its last network are kept by one too. */
export const unconnected = (
  containerId: string,
  name: string,
  network: string,
  ports: AttachmentRecord["ports"] = [],
): AttachmentRecord => ({
  ...{ containerId, name, network, ports },
  inside: "",
  addresses: [],
  mac: "",
  id: "",
  hostInterface: "",
  joined: false,
  changed: false,
});

export async function connect(state: State, request: ConnectRequest): Promise<Attachment> {
  const { network, containerId, name } = request;
  if (network !== "none" && network !== "host") return connectNetwork(state, request);
  const fragment = network === "none" ? loopbackFragment : emptyFragment;
  return { ...unconnected(containerId, name, network), fragment };
}

async function connectNetwork(state: State, request: ConnectRequest): Promise<Attachment> {
  const network = state.network(request.network);
  const driver = state.driverOf(network);
  const base = await driver.ensure(network);
  // Not removed meanwhile: from here to its place among the attached nothing is waited for.
  state.network(network.name);
  const mac = driver.hardwareAddress(network, request.mac, base);
  const pools = poolsOf(state, network);
  const given = pools.take(request.addresses);
  const { containerId, name } = request;
  const id = newConnection();
  const unpublished: AttachmentRecord = {
    ...{ containerId, name, changed: false, ports: [] },
    network: network.name,
    inside: insideName(request.number),
    addresses: given.map(({ address, block: { subnet, gateway } }) => ({
      address,
      prefix: parseSubnet(subnet).prefix,
      gateway: !network.internal && request.leads.includes(familyOf(gateway)) ? gateway : "",
    })),
    mac: mac ?? macOf(given[0]?.address ?? ""),
    id,
    hostInterface: driver.endsAtHost ? id : "",
    joined: request.joined,
  };
  state.attached.set(id, unpublished);
  try {
    const chosen = request.addresses.length > 0 || request.mac !== null;
    const asked = { attachment: unpublished, ports: network.internal ? [] : request.ports, chosen };
    const attachment = { ...unpublished, ports: await driver.prepare(network, asked, base) };
    state.attached.set(id, attachment);
    const fragment = driver.connection(network, attachment, base);
    const limits = request.shaper === null ? [] : leadThroughLimits(request.shaper, attachment);
    return { ...attachment, fragment: { ...fragment, map: [...fragment.map, ...limits] } };
  } catch (error) {
    state.attached.delete(id);
    pools.release(addressesOf(unpublished));
    throw error;
  }
}

export interface Disconnecting {
  /** The monitor has told the container's end, and so undone what the plan did. */
  readonly undone?: boolean;
  /** The process of a container that runs on: its interface goes at once. */
  readonly from?: number;
  /** Its ports are closed but stay reserved for it. */
  readonly keepPorts?: boolean;
}

export async function disconnect(
  state: State,
  attachment: AttachmentRecord,
  { undone = false, from, keepPorts = false }: Disconnecting,
): Promise<void> {
  const { executor } = state;
  const { id, hostInterface } = attachment;
  const known = state.attached.get(id);
  state.attached.delete(id);
  // Unknown: its ports may be another container's by now; its interface's name never is.
  const own = known !== undefined || id === "";
  const ports = own ? attachment.ports : without(attachment.ports, state.ports.holds);
  try {
    if (undone && !attachment.joined && !attachment.changed) return;
    if (from !== undefined && id !== "") await removeNow(state, attachment, from);
    else if (hostInterface !== "") state.later(() => removeInterface(executor, hostInterface));
    if (attachment.addresses.length > 0)
      await closePorts(executor, state.identity.table, { ...attachment, ports });
  } finally {
    if (keepPorts) state.ports.lead(ports, []);
    else if (own) state.ports.release(ports);
    await settlePorts(state, ports);
    if (known !== undefined) state.pools.get(attachment.network)?.release(addressesOf(attachment));
  }
}

/** The host's end takes the other along; without one the interface goes by its own index, which nobody can change. */
async function removeNow(state: State, attachment: AttachmentRecord, pid: number): Promise<void> {
  const { hostInterface, inside } = attachment;
  if (hostInterface !== "") return removeInterface(state.executor, hostInterface);
  if (!existsSync(`/proc/${pid}/ns/net`)) return;
  await executeIn(state, pid, attachment, { map: [], build: [removeLink(insideIndex(inside), "--network")] });
}

/** Who spoke to these ports by UDP, and whoever was there then, is led by what holds now. */
export const settlePorts = (
  { executor, tell }: Pick<State, "executor" | "tell">,
  ports: readonly PortBinding[],
): Promise<void> =>
  forgetFlows(executor, ports).catch((error: unknown) => tell(`forgetting UDP flows: ${error}`));

export function adopt(state: State, attachment: AttachmentRecord): void {
  const holder = { container: attachment.name, addresses: addressesOf(attachment) };
  void state.ports.keep(holder, attachment.ports);
  if (attachment.id === "") return;
  state.attached.set(attachment.id, attachment);
  state.pools.get(attachment.network)?.keep(addressesOf(attachment));
}

function poolsOf(state: State, network: Network): AddressPools {
  const known = state.pools.get(network.name);
  if (known !== undefined) return known;
  const pools = addressPools(network);
  for (const attachment of state.attached.values())
    if (attachment.network === network.name) pools.keep(addressesOf(attachment));
  state.pools.set(network.name, pools);
  return pools;
}
