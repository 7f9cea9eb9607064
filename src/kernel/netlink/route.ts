import {
  addressBytes,
  addressFamilies,
  familyOf,
  formatAddress,
  lastOf,
  macBytes,
  parseAddress,
  subnetOf,
} from "../../oci/address.ts";
import { InroError } from "../../oci/error.ts";
import { type Attribute, bytes, encodeAttributes, nest, readAttributes, text, u8, u32 } from "./attribute.ts";
import { type Message, NLM_F, type Reply } from "./message.ts";

/** linux/rtnetlink.h. */
const RTM = { NEWLINK: 16, DELLINK: 17, GETLINK: 18, SETLINK: 19, NEWADDR: 20, NEWROUTE: 24 } as const;
/** linux/if_link.h. */
const IFLA = {
  ADDRESS: 1,
  IFNAME: 3,
  MTU: 4,
  MASTER: 10,
  PROTINFO: 12,
  LINKINFO: 18,
  NET_NS_PID: 19,
  IFALIAS: 20,
  GROUP: 27,
} as const;
const IFLA_INFO = { KIND: 1, DATA: 2 } as const;
const VETH_INFO_PEER = 1;
const IFLA_BRPORT = { MODE: 4, ISOLATED: 33 } as const;
/** linux/if_addr.h. */
const IFA = { ADDRESS: 1, LOCAL: 2, BROADCAST: 4 } as const;
const IFA_F_NODAD = 2;
const RTA = { OIF: 4, GATEWAY: 5 } as const;

/** linux/rtnetlink.h, RT_SCOPE_LINK. */
const SCOPE_LINK = 253;
const AF_BRIDGE = 7;
const IFF_UP = 1;
const made = NLM_F.ACK | NLM_F.CREATE | NLM_F.EXCL;

/** The loopback device's index in every network namespace (the kernel insists: LOOPBACK_IFINDEX). */
export const LOOPBACK_INDEX = 1;

/** An interface is named by its index, or by its name with index 0. */
export function linkBody(index: number, up: boolean, family = 0): Uint8Array {
  const body = new Uint8Array(16);
  const view = new DataView(body.buffer);
  body[0] = family;
  view.setInt32(4, index, true);
  view.setUint32(8, up ? IFF_UP : 0, true);
  view.setUint32(12, up ? IFF_UP : 0, true);
  return body;
}

/** IFNAMSIZ is 16 with the NUL; a slash or a space would break the interface's files in /proc/sys and /sys. */
export function interfaceName(name: string): Attribute {
  if (!/^[^\s/:%]{1,15}$/.test(name) || name === "." || name === "..")
    throw new InroError("NETLINK_INVALID", {
      what: `cannot use ${JSON.stringify(name)} as an interface's name`,
      why: "it takes 1 to 15 characters without space, slash, colon or percent sign",
    });
  return text(IFLA.IFNAME, name);
}

export const mtuOf = (mtu: number | null): Attribute[] => (mtu === null ? [] : [u32(IFLA.MTU, mtu)]);

/**
 * Makes a bridge that is up. Its hardware address is fixed, else it would follow that of its lowest port. Index 0 and
 * mtu null: the kernel chooses.
 */
export function makeBridge(bridge: {
  name: string;
  index: number;
  mac: string;
  mtu: number | null;
}): Message {
  return {
    type: RTM.NEWLINK,
    flags: made,
    body: linkBody(bridge.index, true),
    attributes: [
      interfaceName(bridge.name),
      bytes(IFLA.ADDRESS, macBytes(bridge.mac)),
      ...mtuOf(bridge.mtu),
      nest(IFLA.LINKINFO, [text(IFLA_INFO.KIND, "bridge")]),
    ],
  };
}

export interface VethPair {
  readonly name: string;
  /** Indices of both ends: drivers/net/veth.c takes the peer's only when the first has one too. */
  readonly index: number;
  /** The index of the bridge that the host's end joins. */
  readonly bridge: number;
  /** Bytes, of both ends; null: the kernel's 1500. */
  readonly mtu: number | null;
  readonly peer: { readonly name: string; readonly index: number; readonly mac: string };
}

/**
 * Where in an encoded makeVethPair, from its first byte on, the pid belongs that owns the peer's network namespace:
 * message header 16, ifinfomsg 16, LINKINFO 4, KIND "veth" 12, DATA 4, PEER 4, ifinfomsg 16, NET_NS_PID's header 4.
 */
export const VETH_PEER_PID_AT = 76;

/**
 * Makes a veth pair: one end a port of the bridge and up, its peer in the network namespace of a process, and down: the
 * kernel cannot bring it up before the pair is whole (ENOTCONN).
 */
export function makeVethPair(pair: VethPair): Message {
  // Both NET_NS_PID and what leads to it come first, so that VETH_PEER_PID_AT does not depend on names.
  const peer = encodeAttributes([
    u32(IFLA.NET_NS_PID, 0),
    interfaceName(pair.peer.name),
    bytes(IFLA.ADDRESS, macBytes(pair.peer.mac)),
    ...mtuOf(pair.mtu),
  ]);
  const peerLink = Uint8Array.of(...linkBody(pair.peer.index, false), ...peer);
  return {
    type: RTM.NEWLINK,
    flags: made,
    body: linkBody(pair.index, true),
    attributes: [
      nest(IFLA.LINKINFO, [
        text(IFLA_INFO.KIND, "veth"),
        nest(IFLA_INFO.DATA, [bytes(VETH_INFO_PEER, peerLink)]),
      ]),
      interfaceName(pair.name),
      ...mtuOf(pair.mtu),
      u32(IFLA.MASTER, pair.bridge),
    ],
  };
}

/**
 * How a bridge's port behaves. `hairpin`: a frame may go back where it came from, for a container that calls its own
 * published port. `isolated`: no frame goes from it to another isolated port.
 */
export function setPort(index: number, how: { hairpin: boolean; isolated: boolean }): Message {
  return {
    type: RTM.SETLINK,
    flags: NLM_F.ACK,
    body: linkBody(index, false, AF_BRIDGE),
    attributes: [
      nest(IFLA.PROTINFO, [
        ...(how.hairpin ? [u8(IFLA_BRPORT.MODE, 1)] : []),
        ...(how.isolated ? [u8(IFLA_BRPORT.ISOLATED, 1)] : []),
      ]),
    ],
  };
}

/** Makes a device (ifb) that is up: what is redirected to it goes through its queue, and then on where it was going. */
export function makeDetour(name: string, index: number): Message {
  return {
    type: RTM.NEWLINK,
    flags: made,
    body: linkBody(index, true),
    attributes: [interfaceName(name), nest(IFLA.LINKINFO, [text(IFLA_INFO.KIND, "ifb")])],
  };
}

/** Says of an interface, in up to 255 bytes for people, what it is for. */
export function setAlias(index: number, alias: string): Message {
  return {
    type: RTM.SETLINK,
    flags: NLM_F.ACK,
    body: linkBody(index, false),
    attributes: [text(IFLA.IFALIAS, alias)],
  };
}

/** Brings an interface up. */
export function linkUp(index: number): Message {
  return { type: RTM.NEWLINK, flags: NLM_F.ACK, body: linkBody(index, true), attributes: [] };
}

/** The same by its name. */
export const setUp = (name: string): Message => ({
  type: RTM.NEWLINK,
  flags: NLM_F.ACK,
  body: linkBody(0, true),
  attributes: [interfaceName(name)],
});

/** Removes an interface, and with one end of a veth pair the other. */
export function deleteLink(name: string): Message {
  return {
    type: RTM.DELLINK,
    flags: NLM_F.ACK,
    body: linkBody(0, false),
    attributes: [interfaceName(name)],
  };
}

/** Makes an interface a port of a bridge. */
export function setMaster(name: string, bridge: number): Message {
  return {
    type: RTM.NEWLINK,
    flags: NLM_F.ACK,
    body: linkBody(0, false),
    attributes: [interfaceName(name), u32(IFLA.MASTER, bridge)],
  };
}

/** Asks for an interface by its name; decodeLink reads the answer. */
export function getLink(name: string): Message {
  return {
    type: RTM.GETLINK,
    flags: NLM_F.ACK | NLM_F.ECHO,
    body: linkBody(0, false),
    attributes: [interfaceName(name)],
  };
}

/** Asks for a bridge's ports, or for every interface. Kernels that do not know the filter answer with every one, too. */
export function getLinks(bridge?: number): Message {
  return {
    type: RTM.GETLINK,
    flags: NLM_F.DUMP,
    body: linkBody(0, false),
    attributes: bridge === undefined ? [] : [u32(IFLA.MASTER, bridge)],
  };
}

export interface Link {
  readonly index: number;
  readonly name: string;
  readonly up: boolean;
  /** "bridge", "veth", …; empty for a physical one. */
  readonly kind: string;
  /** The index of the bridge (or bond …) that it is a port of; 0: none. */
  readonly master: number;
  /** Empty: none. */
  readonly alias: string;
  /** Its hardware address; empty where it has none. */
  readonly mac: string;
  /** A number that anyone may give to interfaces; 0: none did. */
  readonly group: number;
}

/** An RTM_NEWLINK as link; undefined when the reply is something else. */
export function decodeLink(reply: Reply): Link | undefined {
  if (reply.type !== RTM.NEWLINK || reply.payload.length < 16) return undefined;
  const view = new DataView(reply.payload.buffer, reply.payload.byteOffset, reply.payload.length);
  const attributes = readAttributes(reply.payload.subarray(16));
  const info = attributes.get(IFLA.LINKINFO);
  const kind = info === undefined ? undefined : readAttributes(info).get(IFLA_INFO.KIND);
  return {
    index: view.getInt32(4, true),
    name: textOf(attributes.get(IFLA.IFNAME)),
    up: (view.getUint32(8, true) & IFF_UP) !== 0,
    kind: textOf(kind),
    master: numberOf(attributes.get(IFLA.MASTER)),
    alias: textOf(attributes.get(IFLA.IFALIAS)),
    mac: [...(attributes.get(IFLA.ADDRESS) ?? [])].map((b) => b.toString(16).padStart(2, "0")).join(":"),
    group: numberOf(attributes.get(IFLA.GROUP)),
  };
}

const numberOf = (value: Uint8Array | undefined): number =>
  value === undefined ? 0 : new DataView(value.buffer, value.byteOffset, 4).getUint32(0, true);

function textOf(value: Uint8Array | undefined): string {
  return new TextDecoder().decode(value).replace(/\0.*$/s, "");
}

/**
 * Gives an interface an address, and with it the route to its subnet. One of IPv6 is used at once: whoever gives addresses
 * out knows that nobody else has it (RFC 4862, section 5.4, would wait). The interface is up then: before, its routes of IPv6
 * are refused.
 */
export function addAddress(to: { index: number; address: string; prefix: number }): Message {
  const family = familyOf(to.address);
  const address = addressBytes(to.address);
  const body = new Uint8Array(8);
  body.set([addressFamilies[family], to.prefix, family === 6 ? IFA_F_NODAD : 0]);
  new DataView(body.buffer).setUint32(4, to.index, true);
  const value = lastOf(subnetOf(parseAddress(to.address), to.prefix));
  const broadcast = bytes(IFA.BROADCAST, addressBytes(formatAddress({ family, value })));
  return {
    type: RTM.NEWADDR,
    flags: made,
    body,
    attributes: [
      bytes(IFA.LOCAL, address),
      bytes(IFA.ADDRESS, address),
      ...(family === 4 ? [broadcast] : []),
    ],
  };
}

/** A default route: everything of a family that no other route takes goes to the gateway, or `direct`, straight to the wire. */
export function addDefaultRoute(gateway: string, index: number, direct = false): Message {
  const mainTable = 254;
  const setByBoot = 3;
  const unicast = 1;
  const body = new Uint8Array(12);
  const scope = direct ? SCOPE_LINK : 0;
  body.set([addressFamilies[familyOf(gateway)], 0, 0, 0, mainTable, setByBoot, scope, unicast]);
  return {
    type: RTM.NEWROUTE,
    flags: made,
    body,
    attributes: [...(direct ? [] : [bytes(RTA.GATEWAY, addressBytes(gateway))]), u32(RTA.OIF, index)],
  };
}
