import { macBytes } from "../../oci/address.ts";
import { type Attribute, bytes, encodeAttributes, nest, text, u16, u32 } from "./attribute.ts";
import { type Message, NLM_F } from "./message.ts";
import { interfaceName, linkBody, mtuOf } from "./route.ts";

// linux/rtnetlink.h, linux/if_link.h, linux/if_vlan.h
const RTM = { NEWLINK: 16, DELLINK: 17 } as const;
const IFLA = { ADDRESS: 1, LINK: 5, LINKINFO: 18, NET_NS_PID: 19, GROUP: 27 } as const;
const IFLA_INFO = { KIND: 1, DATA: 2 } as const;
const IFLA_VLAN_ID = 1;
const VETH_INFO_PEER = 1;
const MACVLAN = { MODE: 1, modes: { private: 1, vepa: 2, bridge: 4, passthru: 8 } } as const;
const IPVLAN = {
  ...{ MODE: 1, FLAGS: 2 },
  modes: { l2: 0, l3: 1, l3s: 2 },
  flags: { bridge: 0, private: 1, vepa: 2 },
} as const;
const made = NLM_F.ACK | NLM_F.CREATE | NLM_F.EXCL;

export type MacvlanMode = keyof typeof MACVLAN.modes;
export type IpvlanMode = keyof typeof IPVLAN.modes;
export type IpvlanFlag = keyof typeof IPVLAN.flags;
export const macvlanModes = Object.keys(MACVLAN.modes) as readonly MacvlanMode[];
export const ipvlanModes = Object.keys(IPVLAN.modes) as readonly IpvlanMode[];
export const ipvlanFlags = Object.keys(IPVLAN.flags) as readonly IpvlanFlag[];

/** How an interface shares its parent's wire: ip-link(8), "MACVLAN and MACVTAP Type Support", "IPVLAN and IPVTAP". */
export type Sharing =
  | { readonly kind: "macvlan"; readonly mode: MacvlanMode }
  | { readonly kind: "ipvlan"; readonly mode: IpvlanMode; readonly flag: IpvlanFlag };

export interface Upper {
  readonly name: string;
  readonly index: number;
  /** The index of the interface whose wire it shares. */
  readonly parent: number;
  /** Null: the kernel's choice, which is the parent's with ipvlan and passthru. */
  readonly mac: string | null;
  /** Bytes; null: the parent's. */
  readonly mtu: number | null;
  /** A number that tells whose it is: see Link. */
  readonly group: number;
  readonly sharing: Sharing;
}

/** Where in an encoded makeUpper the pid belongs that owns its network: message header 16, ifinfomsg 16, attribute header 4. */
export const UPPER_PID_AT = 36;

/**
 * Makes an interface above a parent of the sender's network namespace: down, and in the network namespace of a process
 * (UPPER_PID_AT), or, for a trial, up and in the sender's own.
 */
export function makeUpper(upper: Upper, where: "child" | "trial"): Message {
  const { sharing, mac } = upper;
  const data: Attribute[] =
    sharing.kind === "macvlan"
      ? [u32(MACVLAN.MODE, MACVLAN.modes[sharing.mode])]
      : [u16(IPVLAN.MODE, IPVLAN.modes[sharing.mode]), u16(IPVLAN.FLAGS, IPVLAN.flags[sharing.flag])];
  return {
    type: RTM.NEWLINK,
    flags: made,
    body: linkBody(upper.index, where === "trial"),
    attributes: [
      ...(where === "child" ? [u32(IFLA.NET_NS_PID, 0)] : []),
      u32(IFLA.LINK, upper.parent),
      interfaceName(upper.name),
      ...(mac === null ? [] : [bytes(IFLA.ADDRESS, macBytes(mac))]),
      ...mtuOf(upper.mtu),
      u32(IFLA.GROUP, upper.group),
      nest(IFLA.LINKINFO, [text(IFLA_INFO.KIND, sharing.kind), nest(IFLA_INFO.DATA, data)]),
    ],
  };
}

/** Makes the interface of a VLAN (802.1Q) above a parent, up. */
export const makeVlan = (vlan: { name: string; parent: number; id: number; group: number }): Message => ({
  type: RTM.NEWLINK,
  flags: made,
  body: linkBody(0, true),
  attributes: [
    u32(IFLA.LINK, vlan.parent),
    interfaceName(vlan.name),
    u32(IFLA.GROUP, vlan.group),
    nest(IFLA.LINKINFO, [text(IFLA_INFO.KIND, "vlan"), nest(IFLA_INFO.DATA, [u16(IFLA_VLAN_ID, vlan.id)])]),
  ],
});

/** Makes two interfaces at the ends of one wire, both here; the first is up and of the group. */
export const makeWire = (wire: { name: string; end: string; group: number }): Message => ({
  type: RTM.NEWLINK,
  flags: made,
  body: linkBody(0, true),
  attributes: [
    interfaceName(wire.name),
    u32(IFLA.GROUP, wire.group),
    nest(IFLA.LINKINFO, [
      text(IFLA_INFO.KIND, "veth"),
      nest(IFLA_INFO.DATA, [
        bytes(
          VETH_INFO_PEER,
          Uint8Array.of(...linkBody(0, false), ...encodeAttributes([interfaceName(wire.end)])),
        ),
      ]),
    ]),
  ],
});

/** Removes an interface by its index, whatever it is called by now. */
export const deleteLinkAt = (index: number): Message => ({
  type: RTM.DELLINK,
  flags: NLM_F.ACK,
  body: linkBody(index, false),
  attributes: [],
});
