import { parseSubnet } from "../kernel/netlink/address.ts";
import { emptyFragment } from "../kernel/plan/fragment.ts";
import { type AddressPool, addressPool, macOf } from "./addresses.ts";
import type { Attachment, AttachmentRecord, BridgeNetwork, ConnectRequest } from "./attachment.ts";
import { bridgesAreFiltered, closePorts, enableLoopbackPublishing, removeInterface } from "./bridge.ts";
import { files } from "./container-files.ts";
import { type DefaultBridge, defaultBridge } from "./default-bridge.ts";
import { bridgeFragment, loopbackFragment, newHostInterface } from "./fragment.ts";
import { type NetworkIdentity, networkIdentity } from "./identity.ts";
import { type Executor, type ExecutorProcess, lastingExecutor } from "./lasting-executor.ts";
import { type Reservations, reservations } from "./reservation.ts";

export type {
  Attachment,
  AttachmentRecord,
  BridgeNetwork,
  ConnectRequest,
  PortBinding,
} from "./attachment.ts";
export { attachmentRecord } from "./attachment.ts";

/** How containers reach the world and the world reaches them: one bridge per engine, made at first need. */
export interface Networks {
  /** The name of the default bridge's interface, whether it was made yet or not. */
  readonly bridge: string;
  /** Makes the default bridge, its address and our nftables table when they are missing. Cheap when they are there. */
  ensureDefault(): Promise<BridgeNetwork>;
  /**
   * Takes an address and host ports for one start of a container, and answers what its plan has to do.
   * PORT_IN_USE names the holder; NO_FREE_ADDRESS, NO_FREE_POOL, NETWORK_SETUP_FAILED.
   */
  connect(request: ConnectRequest): Promise<Attachment>;
  /**
   * Gives address and ports back. Unless the monitor told the container's end and so is known to have `undone` what the
   * plan did, ports that are still open are closed, and the interface is looked after a second later: mostly the
   * kernel has removed it by then, and nobody should wait for it. Done twice, it does nothing.
   */
  disconnect(attachment: AttachmentRecord, done?: { readonly undone: boolean }): Promise<void>;
  /** Tells, after the daemon's restart and before the first connect, that this attachment's container still runs. */
  adopt(attachment: AttachmentRecord): void;
  /** Lets go of reserved ports; bridge and table go too, unless containers run on. */
  close(): Promise<void>;
}

export interface NetworksOptions {
  /** The engine's data root, of which all names derive. */
  readonly root: string;
  readonly openExecutor: () => ExecutorProcess;
  /** Hears what was changed on the host beyond our own objects. */
  readonly tell?: (message: string) => void;
}

interface State {
  readonly executor: Executor;
  readonly identity: NetworkIdentity;
  readonly ports: Reservations;
  /** Of containers on the bridge that run or start, by the host's interface. */
  readonly attached: Map<string, AttachmentRecord>;
  /** Work that nobody waits for: removing an interface takes the kernel 20 ms, and mostly it is gone by itself. */
  readonly later: (work: () => Promise<void>) => void;
  addresses: AddressPool | undefined;
  readonly bridge: DefaultBridge;
}

const LATER = 1000;

export async function openNetworks(options: NetworksOptions): Promise<Networks> {
  const timers = new Set<NodeJS.Timeout>();
  const later = (work: () => Promise<void>) => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      work().catch((error: unknown) => options.tell?.(`cleaning up after a container: ${error}`));
    }, LATER);
    timers.add(timer.unref());
  };
  const executor = lastingExecutor(options.openExecutor);
  const identity = networkIdentity(options.root);
  const attached = new Map<string, AttachmentRecord>();
  const bridge = defaultBridge({
    root: options.root,
    identity,
    executor,
    tell: options.tell ?? (() => {}),
    running: () => [...attached.values()],
  });
  const state: State = {
    executor,
    identity,
    ports: reservations(),
    attached,
    bridge,
    later,
    addresses: undefined,
  };
  return {
    bridge: state.identity.interface,
    ensureDefault: async () => (await state.bridge.ensure()).network,
    connect: (request) => connect(state, request),
    disconnect: (attachment, done) => disconnect(state, attachment, done),
    adopt: (attachment) => adopt(state, attachment),
    close: async () => {
      for (const timer of timers) clearTimeout(timer);
      state.ports.close();
      if (attached.size === 0) await bridge.remove();
      await executor.close();
    },
  };
}

async function connect(state: State, request: ConnectRequest): Promise<Attachment> {
  if (request.network === "bridge") return connectBridge(state, request);
  const record: AttachmentRecord = {
    containerId: request.containerId,
    name: request.name,
    network: request.network,
    address: "",
    prefix: 0,
    gateway: "",
    mac: "",
    hostInterface: "",
    ports: [],
  };
  const fragment = request.network === "none" ? loopbackFragment : emptyFragment;
  return { ...record, ...files(record, request), fragment };
}

async function connectBridge(state: State, request: ConnectRequest): Promise<Attachment> {
  const { network, bridge } = await state.bridge.ensure();
  const addresses = poolOf(state, network);
  const address = addresses.take();
  try {
    const ports = await state.ports.take(request.name, request.ports);
    if (ports.length > 0) enableLoopbackPublishing(network.interface);
    const record: AttachmentRecord = {
      containerId: request.containerId,
      name: request.name,
      network: "bridge",
      address,
      prefix: parseSubnet(network.subnet).prefix,
      gateway: network.gateway,
      mac: macOf(address),
      hostInterface: newHostInterface(),
      ports,
    };
    const attachment = {
      ...record,
      ...files(record, request),
      fragment: bridgeFragment({
        attachment: record,
        network,
        bridge,
        bridgeFilters: ports.length > 0 && bridgesAreFiltered(),
      }),
    };
    state.attached.set(record.hostInterface, record);
    return attachment;
  } catch (error) {
    addresses.release(address);
    throw error;
  }
}

async function disconnect(
  state: State,
  attachment: AttachmentRecord,
  { undone } = { undone: false },
): Promise<void> {
  if (attachment.network !== "bridge") return;
  const { executor } = state;
  const known = state.attached.delete(attachment.hostInterface);
  // Unknown: its ports may be another container's by now; its interface's name never is.
  const ports = attachment.ports.filter((binding) => known || !state.ports.holds(binding));
  try {
    if (undone) return;
    state.later(() => removeInterface(executor, attachment.hostInterface));
    await closePorts(executor, state.identity.table, { ...attachment, ports });
  } finally {
    if (known) {
      state.ports.release(attachment.ports);
      state.addresses?.release(attachment.address);
    }
  }
}

function adopt(state: State, attachment: AttachmentRecord): void {
  if (attachment.network !== "bridge") return;
  state.attached.set(attachment.hostInterface, attachment);
  state.addresses?.keep(attachment.address);
  void state.ports.keep(attachment.name, attachment.ports);
}

function poolOf(state: State, network: BridgeNetwork): AddressPool {
  if (state.addresses !== undefined) return state.addresses;
  const pool = addressPool(parseSubnet(network.subnet));
  for (const attachment of state.attached.values()) pool.keep(attachment.address);
  state.addresses = pool;
  return pool;
}
