import { type Attribute, u16, u32 } from "./attribute.ts";
import { makeAbove, type NewLink } from "./link.ts";
import type { Message } from "./message.ts";

// linux/if_link.h, linux/if_vlan.h
const IFLA_VLAN_ID = 1;
const MACVLAN = { MODE: 1, modes: { private: 1, vepa: 2, bridge: 4, passthru: 8 } } as const;
const IPVLAN = {
  ...{ MODE: 1, FLAGS: 2 },
  modes: { l2: 0, l3: 1, l3s: 2 },
  flags: { bridge: 0, private: 1, vepa: 2 },
} as const;

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

export interface Upper extends NewLink {
  readonly index: number;
  /** The index of the interface whose wire it shares. */
  readonly parent: number;
  readonly sharing: Sharing;
}

const dataOf = (sharing: Sharing): Attribute[] =>
  sharing.kind === "macvlan"
    ? [u32(MACVLAN.MODE, MACVLAN.modes[sharing.mode])]
    : [u16(IPVLAN.MODE, IPVLAN.modes[sharing.mode]), u16(IPVLAN.FLAGS, IPVLAN.flags[sharing.flag])];

/** Makes an interface that shares its parent's wire: see makeAbove. */
export const makeUpper = (upper: Upper, where: "child" | "here"): Message =>
  makeAbove(upper, where, upper.sharing.kind, dataOf(upper.sharing));

/** Makes the interface of a VLAN (802.1Q) above a parent, up. */
export const makeVlan = (vlan: { name: string; parent: number; id: number; group: number }): Message =>
  makeAbove({ ...vlan, index: 0 }, "here", "vlan", [u16(IFLA_VLAN_ID, vlan.id)]);
