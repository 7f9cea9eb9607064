import { type Family, families, familyOf, formatSubnet, parseSubnet } from "../oci/address.ts";
import { InroError } from "../oci/error.ts";
import type {
  Attachment,
  AttachmentRecord,
  Block,
  BridgeNetwork,
  ConnectRequest,
  ContainerFiles,
  FilesRequest,
  Network,
} from "./attachment.ts";
import { bridgeDriver } from "./bridge-driver.ts";
import { bridges } from "./bridges.ts";
import { adopt, connect, type Disconnecting, disconnect, type State } from "./connect.ts";
import { files, nameServers } from "./container-files.ts";
import {
  checkDefaultRequest,
  type DefaultNetworkRequest,
  defaultFamilies,
  defaultNetwork,
  isSettled,
} from "./default-network.ts";
import { type Drivers, driverOf } from "./drivers.ts";
import { foreignFirewalls } from "./foreign/foreign.ts";
import type { Way } from "./foreign/packet.ts";
import type { ForeignPolicy } from "./foreign/policy.ts";
import { type NetworkIdentity, networkIdentity } from "./identity.ts";
import { join, type Leading, leadThrough } from "./join.ts";
import { type ExecutorProcess, lastingExecutor } from "./lasting-executor.ts";
import { type Limits, limits } from "./limits.ts";
import { type LivePorts, livePorts } from "./live-ports.ts";
import { type NameServer, nameServer } from "./names/name-server.ts";
import { gatewayOf, type NetworkRequest, planNetwork } from "./plan-network.ts";
import { reservations } from "./reservation.ts";
import { ipvlanDriver, macvlanDriver } from "./sharing-driver.ts";
import { hostRoutes, type Occupied } from "./subnet.ts";
import { type Standing, sweep } from "./sweep.ts";

export type {
  Attachment,
  AttachmentRecord,
  BridgeNetwork,
  ConnectRequest,
  FilesRequest,
  Network,
} from "./attachment.ts";
export { addressesOf, attachmentRecord, gatewaysAtHost, leads, leadsFor } from "./attachment.ts";
export type { Bandwidth, Direction, Shaper } from "./bandwidth.ts";
export { unconnected } from "./connect.ts";
export type { DefaultNetworkRequest } from "./default-network.ts";
export { driverOptions } from "./drivers.ts";
export { withPorts } from "./live-ports.ts";
export type { Scope } from "./names/answer.ts";
export { namesFragment } from "./names/redirection.ts";
export { type Zone, zoneOf } from "./names/zone.ts";
export type { BlockRequest, NetworkRequest } from "./plan-network.ts";
export type { Standing } from "./sweep.ts";

/** How containers reach each other and the world, and the world reaches them: bridges, made at first need. */
export interface Networks {
  /** The name of the default bridge's interface, whether it was made yet or not. */
  readonly bridge: string;
  /** The name of our nftables table. */
  readonly table: string;
  /** Makes the default bridge, its addresses and our nftables table when they are missing. Cheap when they are there. */
  ensureDefault(): Promise<BridgeNetwork>;
  /** Tells of a network that an earlier engine made. */
  know(network: Network): void;
  /** Settles a network's addresses and takes its name; nothing is made yet. INVALID_OPTION, SUBNET_OVERLAPS, NO_FREE_POOL. */
  reserve(request: NetworkRequest): Network;
  /** The opposite of reserve: for a network that was not made. */
  forget(network: Network): void;
  /** Before it is made for the first time: it would be in nobody's way. INTERFACE_IN_USE, PARENT_IN_USE, NO_SUCH_INTERFACE. */
  checkFresh(network: Network): Promise<void>;
  /**
   * Makes what is missing of it; `fresh`: for the first time, when it is tried out too. NETWORK_SETUP_FAILED,
   * KERNEL_FEATURE_MISSING, NO_SUCH_INTERFACE.
   */
  make(network: Network, how?: { readonly fresh?: boolean }): Promise<void>;
  /** Removes all of it and forgets it. NETWORK_IN_USE while a container is on it. */
  remove(network: Network): Promise<void>;
  /**
   * Takes an address and host ports for one start of a container, and answers what its plan has to do.
   * PORT_IN_USE names the holder; NO_FREE_ADDRESS, ADDRESS_IN_USE, NO_SUCH_NETWORK, NETWORK_SETUP_FAILED.
   */
  connect(request: ConnectRequest): Promise<Attachment>;
  /** Does at once, for a container that runs, what its plan would have done. NETWORK_SETUP_FAILED; then nothing is left. */
  join(attachment: Attachment, pid: number): Promise<void>;
  /**
   * Lets the default route of a container that runs, and its published ports, go through one of its networks. Answers the
   * record with both.
   */
  leadThrough(attachment: AttachmentRecord, what: Leading, pid: number): Promise<AttachmentRecord>;
  /** Ports of containers that run. */
  readonly livePorts: LivePorts;
  /** The container's /etc/hosts and /etc/resolv.conf. INVALID_OPTION. */
  files(attachments: readonly AttachmentRecord[], request: FilesRequest): ContainerFiles;
  /**
   * Gives address and ports back. Unless the monitor told the container's end and so is known to have `undone` what the
   * plan did, ports that are still open are closed, and the interface is looked after a second later: mostly the
   * kernel has removed it by then, and nobody should wait for it. Done twice, it does nothing.
   */
  disconnect(attachment: AttachmentRecord, how?: Disconnecting): Promise<void>;
  /** Tells, after the daemon's restart and before the first connect, that this attachment's container still runs. */
  adopt(attachment: AttachmentRecord): void;
  /**
   * Whose chains drop what ours lets pass, a sentence each: for networks by their names, without them for all.
   */
  foreignWarnings(names?: readonly string[]): Promise<readonly string[]>;
  /** Answers what containers ask by DNS. */
  readonly names: NameServer;
  /** NO_SUCH_NETWORK. */
  subnetsOf(network: string): readonly string[];
  /** That its containers have addresses of; none of what is no network of ours. */
  familiesOf(network: string): readonly Family[];
  /** How fast containers may receive and send. */
  readonly limits: Limits;
  /** After the last adopt(): removes what an earlier engine's end left of connections and networks that nobody knows. */
  sweep(containers: readonly Standing[]): Promise<void>;
  /** Lets go of reserved ports; bridges and table go too, unless containers run on. */
  close(): Promise<void>;
}

export interface NetworksOptions {
  /** The engine's data root, of which all names derive. */
  readonly root: string;
  readonly openExecutor: () => ExecutorProcess;
  /** An address of the host, for ports that are published without one; empty: all of them. */
  readonly publishOn?: string;
  readonly foreignFirewalls: ForeignPolicy;
  /** How the network is that every engine has; IPv4 alone, where nothing else is, unless it says so. */
  readonly defaultNetwork?: DefaultNetworkRequest;
  /** Hears what was changed on the host beyond our own objects. */
  readonly tell?: (message: string) => void;
}

const LATER = 1000;

export async function openNetworks(options: NetworksOptions): Promise<Networks> {
  const { root, openExecutor, publishOn = "", tell = () => {}, defaultNetwork: wanted = {} } = options;
  const timers = new Set<NodeJS.Timeout>();
  const later = (work: () => Promise<void>) => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      work().catch((error: unknown) => tell(`cleaning up after a container: ${error}`));
    }, LATER);
    timers.add(timer.unref());
  };
  checkDefaultRequest(wanted);
  const executor = lastingExecutor(openExecutor);
  const identity = networkIdentity(root);
  const attached = new Map<string, AttachmentRecord>();
  const ports = reservations();
  const names = nameServer();
  const standing = bridges({ identity, executor, tell, running: () => [...attached.values()] });
  const foreign = foreignFirewalls({
    ...{ root, executor, tell, table: identity.table, policy: options.foreignFirewalls },
  });
  const known = new Map<string, Network>();
  const sharing = {
    ...{ executor, group: identity.index },
    networks: () => known.values(),
    attached: () => attached.values(),
  };
  const drivers: Drivers = {
    bridge: bridgeDriver({ executor, ports, bridges: standing, foreign, table: identity.table, publishOn }),
    macvlan: macvlanDriver(sharing),
    ipvlan: ipvlanDriver(sharing),
  };
  const occupied = (): Occupied => ({
    routes: hostRoutes().filter((route) => !isOurs(known.values(), route.interface)),
    nameServers: nameServers(),
    networks: [...known.values()].flatMap(({ name, blocks }) =>
      blocks.map(({ subnet }) => ({ name, subnet: parseSubnet(subnet) })),
    ),
  });
  const standardFamilies = defaultFamilies(wanted);
  let standard: BridgeNetwork | undefined;
  const theDefault = () => {
    standard ??= defaultNetwork(root, identity, wanted, occupied());
    known.set(standard.name, standard);
    return standard;
  };
  const state: State = {
    ...{ executor, openExecutor, identity, attached, later, tell, ports },
    driverOf: (network) => driverOf(drivers, network),
    pools: new Map(),
    network: (name) => {
      const found = name === "bridge" ? theDefault() : known.get(name);
      if (found !== undefined) return found;
      throw new InroError("NO_SUCH_NETWORK", {
        what: `cannot connect to the network "${name}"`,
        why: `network ${name} not found`,
        hint: "make it with: inro network create",
      });
    },
  };
  if (options.foreignFirewalls !== "allow") await foreign.withdraw();
  return {
    bridge: identity.interface,
    table: identity.table,
    ensureDefault: async () => {
      const network = theDefault();
      await drivers.bridge.ensure(network);
      return network;
    },
    know: (network) => void known.set(network.name, network),
    reserve: (request) => {
      // Its block is known before the bridge is: nobody else gets it.
      if (isSettled(root)) theDefault();
      const network = planNetwork(request, identity.subnets, occupied());
      known.set(network.name, network);
      return network;
    },
    forget: ({ name }) => void known.delete(name),
    checkFresh: (network) => state.driverOf(network).checkFresh(network),
    make: async (network, how = {}) => {
      const driver = state.driverOf(network);
      const base = await driver.ensure(network);
      if (how.fresh === true) await driver.prove(network, base);
    },
    remove: async (network) => {
      refuseUsed(state, network);
      known.delete(network.name);
      state.pools.delete(network.name);
      try {
        await state.driverOf(network).remove(network);
      } catch (error) {
        known.set(network.name, network);
        throw error;
      }
    },
    connect: (request) => connect(state, request),
    join: (attachment, pid) => join(state, attachment, pid),
    livePorts: livePorts(state),
    leadThrough: (attachment, what, pid) => leadThrough(state, attachment, what, pid),
    files: (attachments, request) => files(attachments, request),
    disconnect: (attachment, how = {}) => disconnect(state, attachment, how),
    adopt: (attachment) => adopt(state, attachment),
    foreignWarnings: (names) =>
      foreign.warnings(waysOf(names, [...known.values()], identity, standardFamilies)),
    names,
    familiesOf: (name) =>
      families.filter((family) =>
        name === "bridge" ? standardFamilies.includes(family) : known.get(name)?.blocks.some(isOf(family)),
      ),
    subnetsOf: (name) => state.network(name).blocks.map(({ subnet }) => subnet),
    limits: limits({ executor, table: identity.table, mtuOf: (name) => state.network(name).mtu }),
    sweep: (containers) => sweep(state, [...known.values()], containers),
    close: async () => {
      for (const timer of timers) clearTimeout(timer);
      names.close();
      state.ports.close();
      if (attached.size === 0) await foreign.withdraw();
      if (attached.size === 0) for (const driver of Object.values(drivers)) await driver.removeAll();
      await executor.close();
    },
  };
}

const isOf =
  (family: Family) =>
  ({ gateway }: Block): boolean =>
    familyOf(gateway) === family;

const isOurs = (networks: Iterable<Network>, bridge: string): boolean =>
  [...networks].some((network) => network.driver === "bridge" && network.interface === bridge);

function refuseUsed({ attached }: State, { name }: Network): void {
  const users = [...attached.values()].filter(({ network }) => network === name);
  if (users.length === 0) return;
  throw new InroError("NETWORK_IN_USE", {
    what: `cannot remove the network "${name}"`,
    why: `network ${name} has active endpoints (${users.map((user) => user.name).join(", ")})`,
    hint: "disconnect or stop those containers first",
  });
}

/** Before the first use of the default network its block is not settled; nearly every rule asks for interfaces alone. */
function waysOf(
  names: readonly string[] | undefined,
  known: readonly Network[],
  { interface: name, subnets }: NetworkIdentity,
  standardFamilies: readonly Family[],
): Way[] {
  const blocks = standardFamilies
    .flatMap((family) => subnets[family].slice(0, 1))
    .map((subnet) => ({
      ...{ subnet: formatSubnet(subnet), gateway: gatewayOf(subnet) },
      ...{ range: null, reserved: [] },
    }));
  const unsettled = { name: "bridge", interface: name, blocks, internal: false };
  const bridges: Way[] = known.filter((network) => network.driver === "bridge");
  const all = bridges.some((way) => way.name === "bridge") ? bridges : [unsettled, ...bridges];
  return names === undefined ? all : all.filter((way) => names.includes(way.name));
}
