import { randomInt } from "node:crypto";
import { encodeMessages } from "../kernel/netlink/message.ts";
import {
  addAddress,
  addDefaultRoute,
  deleteLink,
  hairpin,
  LOOPBACK_INDEX,
  linkUp,
  makeVethPair,
  VETH_PEER_PID_AT,
} from "../kernel/netlink/route.ts";
import { encodeBatch } from "../kernel/nftables/batch.ts";
import { emptyFragment, type PlanFragment } from "../kernel/plan/fragment.ts";
import type { OpOf } from "../kernel/plan/operations.ts";
import type { AttachmentRecord, BridgeNetwork, PortBinding } from "./attachment.ts";
import { isEveryAddress, publication } from "./firewall.ts";

const ENOENT = 2;
const ENODEV = 19;

/**
 * The container's end of the pair: an index of its own choice, beyond those that the kernel may have put into a new
 * namespace already (lo, and fallback tunnels such as tunl0 and sit0 where their modules are loaded).
 */
const CONTAINER_INDEX = 64;
const CONTAINER_INTERFACE = "eth0";

/**
 * A host end's index, unique per start, and the name made of it: after a namespace's end its pair lives on for
 * milliseconds, and neither name nor index could be given again at once.
 */
export function newHostInterface(): string {
  return hostInterfaceName(0x40000000 + randomInt(0x3fffffff));
}

const hostInterfaceName = (index: number) => `inro${index.toString(16)}`;
const hostInterfaceIndex = (name: string) => Number.parseInt(name.slice("inro".length), 16);

export interface FragmentRequest {
  readonly attachment: AttachmentRecord;
  readonly network: BridgeNetwork;
  /** The bridge's interface index. */
  readonly bridge: number;
  /** Whether the bridge's frames pass iptables, where an own published port needs the port's hairpin mode. */
  readonly bridgeFilters: boolean;
}

type Netlink = OpOf<"netlink">;
const because = "--network bridge";

/** What the plan of a container on the bridge does: few messages, since each one is a system call of its start. */
export function bridgeFragment(request: FragmentRequest): PlanFragment {
  const { attachment, network } = request;
  const { ports, address } = attachment;
  const publish: Netlink[] = ports.map((binding) => ({
    kind: "netlink",
    family: "netfilter",
    messages: encodeBatch([{ kind: "add-element", ...publication(network.table, address, binding) }]),
    tolerate: 0,
    what: `publish ${describeBinding(binding)} to ${address}:${binding.containerPort}`,
    because: `-p ${describeBinding(binding)}:${binding.containerPort}`,
  }));
  return {
    host: [],
    map: [connectPair(request), ...publish],
    build: [configure(attachment)],
    undo: undoOps(attachment, network.table),
  };
}

function connectPair({ attachment, network, bridge, bridgeFilters }: FragmentRequest): Netlink {
  const index = hostInterfaceIndex(attachment.hostInterface);
  const pair = makeVethPair({
    name: attachment.hostInterface,
    index,
    bridge,
    peer: { name: CONTAINER_INTERFACE, index: CONTAINER_INDEX, mac: attachment.mac },
  });
  return {
    kind: "netlink",
    family: "route",
    messages: encodeMessages(bridgeFilters ? [pair, hairpin(index)] : [pair]),
    childPidAt: VETH_PEER_PID_AT,
    tolerate: 0,
    what: `${attachment.hostInterface} ↔ ${CONTAINER_INTERFACE}, on bridge ${network.interface}`,
    because,
  };
}

function configure({ address, prefix, gateway }: AttachmentRecord): Netlink {
  return {
    kind: "netlink",
    family: "route",
    messages: encodeMessages([
      linkUp(LOOPBACK_INDEX),
      addAddress({ index: CONTAINER_INDEX, address, prefix }),
      linkUp(CONTAINER_INDEX),
      addDefaultRoute(gateway, CONTAINER_INDEX),
    ]),
    tolerate: 0,
    what: `lo, ${CONTAINER_INTERFACE} ${address}/${prefix}, default via ${gateway}`,
    because,
  };
}

/** Each on its own, and done already is done: the monitor, a failed start and the daemon may all have to undo. */
function undoOps(attachment: AttachmentRecord, table: string): Netlink[] {
  const { address, ports, hostInterface } = attachment;
  return [...ports.map((binding) => unpublish(table, address, binding)), removePair(hostInterface)];
}

export function unpublish(table: string, address: string, binding: PortBinding): Netlink {
  return {
    kind: "netlink",
    family: "netfilter",
    messages: encodeBatch([{ kind: "delete-element", ...publication(table, address, binding) }]),
    tolerate: ENOENT,
    what: `close ${describeBinding(binding)}`,
    because: `-p ${describeBinding(binding)}:${binding.containerPort}`,
  };
}

export function removePair(hostInterface: string): Netlink {
  return {
    kind: "netlink",
    family: "route",
    messages: encodeMessages([deleteLink(hostInterface)]),
    tolerate: ENODEV,
    what: `remove ${hostInterface}`,
    because,
  };
}

/** `127.0.0.1:8000/tcp`. */
export function describeBinding(binding: PortBinding): string {
  const hostIp = isEveryAddress(binding.hostIp) ? "0.0.0.0" : binding.hostIp;
  return `${hostIp}:${binding.hostPort}/${binding.protocol}`;
}

/** A network namespace with nothing but a loopback. */
export const loopbackFragment: PlanFragment = {
  ...emptyFragment,
  build: [
    {
      kind: "netlink",
      family: "route",
      messages: encodeMessages([linkUp(LOOPBACK_INDEX)]),
      tolerate: 0,
      what: "lo up",
      because: "--network none",
    },
  ],
};
