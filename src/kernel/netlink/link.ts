import { macBytes } from "../../oci/address.ts";
import { InroError } from "../../oci/error.ts";
import {
  type Attribute,
  bytes,
  encodeAttributes,
  nest,
  readAttributes,
  readText,
  text,
  u8,
  u32,
} from "./attribute.ts";
import { MADE, type Message, NLM_F, type Reply } from "./message.ts";

/** linux/rtnetlink.h. */
const RTM = { NEWLINK: 16, DELLINK: 17, GETLINK: 18, SETLINK: 19 } as const;
/** linux/if_link.h. */
const IFLA = {
  ADDRESS: 1,
  IFNAME: 3,
  MTU: 4,
  LINK: 5,
  MASTER: 10,
  PROTINFO: 12,
  LINKINFO: 18,
  NET_NS_PID: 19,
  IFALIAS: 20,
  GROUP: 27,
  NEW_IFINDEX: 49,
} as const;
const IFLA_INFO = { KIND: 1, DATA: 2 } as const;
const VETH_INFO_PEER = 1;
const IFLA_BRPORT = { MODE: 4, ISOLATED: 33 } as const;

const AF_BRIDGE = 7;
const IFF_UP = 1;

/** The loopback device's index in every network namespace (the kernel insists: LOOPBACK_IFINDEX). */
export const LOOPBACK_INDEX = 1;

/** struct ifinfomsg. Index 0: of a new interface the kernel's choice, else it is told by its name. */
function linkBody(index: number, up: boolean, family = 0): Uint8Array {
  const body = new Uint8Array(16);
  const view = new DataView(body.buffer);
  body[0] = family;
  view.setInt32(4, index, true);
  view.setUint32(8, up ? IFF_UP : 0, true);
  view.setUint32(12, up ? IFF_UP : 0, true);
  return body;
}

/** IFNAMSIZ is 16 with the NUL; a slash or a space would break the interface's files in /proc/sys and /sys. */
function interfaceName(name: string): Attribute {
  if (!/^[^\s/:%]{1,15}$/.test(name) || name === "." || name === "..")
    throw new InroError("NETLINK_INVALID", {
      what: `cannot use ${JSON.stringify(name)} as an interface's name`,
      why: "it takes 1 to 15 characters without space, slash, colon or percent sign",
    });
  return text(IFLA.IFNAME, name);
}

/** An interface that is there, by its index or its name. */
export type Which = number | string;

const change = (type: number, which: Which, attributes: readonly Attribute[], up = false): Message => ({
  type,
  flags: NLM_F.ACK,
  body: linkBody(typeof which === "number" ? which : 0, up),
  attributes: [...(typeof which === "string" ? [interfaceName(which)] : []), ...attributes],
});

/** What an interface is made with; what is null the kernel chooses. */
export interface NewLink {
  readonly name: string;
  readonly mac?: string | null;
  /** Bytes. */
  readonly mtu?: number | null;
  /** A number that tells whose it is: see Link. */
  readonly group?: number;
}

const identity = ({ name, mac = null, mtu = null, group = 0 }: NewLink): Attribute[] => [
  interfaceName(name),
  ...(mac === null ? [] : [bytes(IFLA.ADDRESS, macBytes(mac))]),
  ...(mtu === null ? [] : [u32(IFLA.MTU, mtu)]),
  ...(group === 0 ? [] : [u32(IFLA.GROUP, group)]),
];

const ofKind = (kind: string, data: readonly Attribute[] = []): Attribute =>
  nest(IFLA.LINKINFO, [
    text(IFLA_INFO.KIND, kind),
    ...(data.length === 0 ? [] : [nest(IFLA_INFO.DATA, data)]),
  ]);

const make = (index: number, up: boolean, attributes: readonly Attribute[]): Message => ({
  type: RTM.NEWLINK,
  flags: MADE,
  body: linkBody(index, up),
  attributes,
});

/**
 * Makes a bridge that is up. Its hardware address is fixed, else it would follow that of its lowest port. Index 0: the
 * kernel chooses.
 */
export const makeBridge = (bridge: NewLink & { readonly index: number; readonly mac: string }): Message =>
  make(bridge.index, true, [...identity(bridge), ofKind("bridge")]);

/** Makes a device (ifb) that is up: what is redirected to it goes through its queue, and then on where it was going. */
export const makeDetour = (name: string, index: number): Message =>
  make(index, true, [interfaceName(name), ofKind("ifb")]);

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
export const makeVethPair = ({ name, index, bridge, mtu, peer }: VethPair): Message =>
  make(index, true, [
    ofKind("veth", [farEnd(peer.index, [u32(IFLA.NET_NS_PID, 0), ...identity({ ...peer, mtu })])]),
    ...identity({ name, mtu }),
    u32(IFLA.MASTER, bridge),
  ]);

const farEnd = (index: number, attributes: readonly Attribute[]): Attribute =>
  bytes(VETH_INFO_PEER, Uint8Array.of(...linkBody(index, false), ...encodeAttributes(attributes)));

/** Makes two interfaces at the ends of one wire, both here; the first is up and of the group. */
export const makeWire = (wire: { name: string; end: string; group: number }): Message =>
  make(0, true, [...identity(wire), ofKind("veth", [farEnd(0, [interfaceName(wire.end)])])]);

/** Where in an encoded makeUpper the pid belongs that owns its network: message header 16, ifinfomsg 16, attribute header 4. */
export const UPPER_PID_AT = 36;

/**
 * Makes an interface of a kind above a parent of the sender's network namespace: down, and in the network namespace of a
 * process (UPPER_PID_AT), or, for a trial, up and in the sender's own.
 */
export const makeAbove = (
  upper: NewLink & { readonly index: number; readonly parent: number },
  where: "child" | "here",
  kind: string,
  data: readonly Attribute[],
): Message =>
  make(upper.index, where === "here", [
    ...(where === "child" ? [u32(IFLA.NET_NS_PID, 0)] : []),
    u32(IFLA.LINK, upper.parent),
    ...identity(upper),
    ofKind(kind, data),
  ]);

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

/** Says of an interface, in up to 255 bytes for people, what it is for. */
export const setAlias = (which: Which, alias: string): Message =>
  change(RTM.SETLINK, which, [text(IFLA.IFALIAS, alias)]);

/** Where in an encoded moveLink the pid belongs that owns the target: message header 16, ifinfomsg 16, attribute header 4. */
export const MOVE_PID_AT = 36;

/**
 * Moves an interface into the network namespace of a process, where it has the index `as`. do_setlink in
 * net/core/rtnetlink.c: a name beside an index is a change of name, after the move; `%d` in it is for the kernel to fill.
 */
export const moveLink = (link: { index: number; as: number; name: string }): Message =>
  change(RTM.NEWLINK, link.index, [
    u32(IFLA.NET_NS_PID, 0),
    u32(IFLA.NEW_IFINDEX, link.as),
    text(IFLA.IFNAME, link.name),
  ]);

/** Brings an interface up. */
export const linkUp = (which: Which): Message => change(RTM.NEWLINK, which, [], true);

/** Removes an interface, and with one end of a veth pair the other. */
export const deleteLink = (which: Which): Message => change(RTM.DELLINK, which, []);

/** Makes an interface a port of a bridge. */
export const setMaster = (which: Which, bridge: number): Message =>
  change(RTM.NEWLINK, which, [u32(IFLA.MASTER, bridge)]);

/** Asks for an interface; decodeLink reads the answer. */
export const getLink = (which: Which): Message => {
  const asked = change(RTM.GETLINK, which, []);
  return { ...asked, flags: asked.flags | NLM_F.ECHO };
};

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
    name: readText(attributes.get(IFLA.IFNAME)),
    up: (view.getUint32(8, true) & IFF_UP) !== 0,
    kind: readText(kind),
    master: numberOf(attributes.get(IFLA.MASTER)),
    alias: readText(attributes.get(IFLA.IFALIAS)),
    mac: [...(attributes.get(IFLA.ADDRESS) ?? [])].map((b) => b.toString(16).padStart(2, "0")).join(":"),
    group: numberOf(attributes.get(IFLA.GROUP)),
  };
}

const numberOf = (value: Uint8Array | undefined): number =>
  value === undefined ? 0 : new DataView(value.buffer, value.byteOffset, 4).getUint32(0, true);
