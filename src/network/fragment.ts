import { randomInt } from "node:crypto";
import { constants } from "node:os";
import { LOOPBACK_INDEX, linkUp, makeVethPair, setPort, VETH_PEER_PID_AT } from "../kernel/netlink/link.ts";
import type { Message } from "../kernel/netlink/message.ts";
import { addAddress, addDefaultRoute } from "../kernel/netlink/route.ts";
import { emptyFragment, type PlanFragment } from "../kernel/plan/fragment.ts";
import type { OpOf } from "../kernel/plan/operations.ts";
import { familyOf } from "../oci/address.ts";
import { type AttachmentRecord, addressesOf, type BridgeNetwork } from "./attachment.ts";
import { type Netlink, removeLink, route } from "./operations.ts";
import { publish, unpublish } from "./publishing.ts";

const { EEXIST } = constants.errno;

/**
 * The container's end of the pair: an index of its own choice, beyond those that the kernel may have put into a new
 * namespace already (lo, and fallback tunnels such as tunl0 and sit0 where their modules are loaded).
 */
const FIRST_INDEX = 64;
const PREFIX = "eth";

export const insideName = (number: number): string => `${PREFIX}${number}`;
export const insideNumber = (name: string): number => Number(name.slice(PREFIX.length));
export const insideIndex = (name: string) => FIRST_INDEX + insideNumber(name);

/**
 * A connection's id is also its host end's name, made of the end's index, and unique per start: after a namespace's end its pair lives on for
 * milliseconds, and neither name nor index could be given again at once.
 */
export function newConnection(): string {
  return hostInterfaceName(0x40000000 + randomInt(0x3fffffff));
}

const hostInterfaceName = (index: number) => `inro${index.toString(16)}`;
export const hostInterfaceIndex = (name: string) => Number.parseInt(name.slice("inro".length), 16);

export interface FragmentRequest {
  readonly attachment: AttachmentRecord;
  readonly network: BridgeNetwork;
  readonly table: string;
  /** The bridge's interface index. */
  readonly bridge: number;
  /** Whether the bridge's frames pass iptables, where an own published port needs the port's hairpin mode. */
  readonly bridgeFilters: boolean;
}

/** What the plan of a container on a bridge does: few messages, since each one is a system call of its start. */
export function bridgeFragment(request: FragmentRequest): PlanFragment {
  const { attachment, table } = request;
  const { ports } = attachment;
  const opening = ports.length === 0 ? [] : [publish(table, addressesOf(attachment), ports)];
  return {
    host: [],
    map: [connectPair(request), ...opening],
    build: configure(attachment),
    undo: undoOps(attachment, table),
  };
}

/** For a port that gets published ports when it is there already. */
export function setHairpin({ hostInterface, network }: AttachmentRecord): Netlink {
  const index = hostInterfaceIndex(hostInterface);
  return route([setPort(index, { hairpin: true, isolated: false })], {
    what: `let ${hostInterface} send back where frames came from`,
    because: `--network ${network}`,
  });
}

function connectPair({ attachment, network, bridge, bridgeFilters }: FragmentRequest): Netlink {
  const { hostInterface, inside, mac } = attachment;
  const index = hostInterfaceIndex(hostInterface);
  const pair = makeVethPair({
    name: hostInterface,
    index,
    bridge,
    mtu: network.mtu,
    peer: { name: inside, index: insideIndex(inside), mac },
  });
  const port = { hairpin: bridgeFilters, isolated: !network.open };
  return {
    ...route(port.hairpin || port.isolated ? [pair, setPort(index, port)] : [pair], {
      what: `${hostInterface} ↔ ${inside}, on bridge ${network.interface}`,
      because: `--network ${network.name}`,
    }),
    childPidAt: VETH_PEER_PID_AT,
  };
}

/**
 * The interface's addresses, and the default routes where they lead. `direct`: straight to the wire, past any gateway. Of
 * neighbours that say they are routers nothing is taken (CVE-2020-13401), and without an address of IPv6 there is no IPv6.
 */
export function configure(
  attachment: AttachmentRecord,
  direct = false,
): (Netlink | OpOf<"networkParameter">)[] {
  const { network, inside, addresses } = attachment;
  const index = insideIndex(inside);
  const loopback = insideNumber(inside) === 0;
  const because = `--network ${network}`;
  const has6 = addressesOf(attachment).some((address) => familyOf(address) === 6);
  const parameter = has6 ? { name: "accept_ra", data: "0" } : { name: "disable_ipv6", data: "1" };
  const texts = addresses.map(({ address, prefix }) => `${address}/${prefix}`);
  return [
    {
      kind: "networkParameter",
      path: `ipv6/conf/${inside}/${parameter.name}`,
      data: parameter.data,
      because,
    },
    route(
      [
        ...(loopback ? [linkUp(LOOPBACK_INDEX)] : []),
        linkUp(index),
        ...addresses.map(({ address, prefix }) => addAddress({ index, address, prefix })),
        ...defaultRoutes(attachment, direct),
      ],
      {
        what: [
          `${loopback ? "lo, " : ""}${inside} ${texts.join(" and ")}`,
          ...routeTexts(attachment, direct),
        ].join(", "),
        because,
      },
    ),
  ];
}

/** For a container that runs; where there is one already it stays. */
export const defaultRouteOps = (attachment: AttachmentRecord, direct = false): Netlink[] =>
  defaultRoutes(attachment, direct).map((message, at) =>
    route([message], {
      what: routeTexts(attachment, direct)[at] ?? "",
      because: `--network ${attachment.network}`,
      tolerate: EEXIST,
    }),
  );

const gatewaysOf = ({ addresses }: AttachmentRecord): readonly string[] =>
  addresses.map(({ gateway }) => gateway).filter((gateway) => gateway !== "");

const defaultRoutes = (attachment: AttachmentRecord, direct: boolean): Message[] =>
  gatewaysOf(attachment).map((gateway) => addDefaultRoute(gateway, insideIndex(attachment.inside), direct));

const routeTexts = (attachment: AttachmentRecord, direct: boolean): string[] =>
  gatewaysOf(attachment).map(
    (gateway) => `default ${direct ? `through ${attachment.inside}` : `via ${gateway}`}`,
  );

/** Each on its own, and done already is done: the monitor, a failed start and the daemon may all have to undo. */
function undoOps(attachment: AttachmentRecord, table: string): Netlink[] {
  const { ports, hostInterface } = attachment;
  const closing = ports.length === 0 ? [] : [unpublish(table, addressesOf(attachment), ports)];
  return [...closing, removeLink(hostInterface, "--network")];
}

/** A network namespace with nothing but a loopback. */
export const loopbackFragment: PlanFragment = {
  ...emptyFragment,
  build: [route([linkUp(LOOPBACK_INDEX)], { what: "lo up", because: "--network none" })],
};
