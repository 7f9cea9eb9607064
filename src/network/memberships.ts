import { type Change, type DataType, type Element, gathered } from "../kernel/nftables/batch.ts";
import { nameBytes } from "../kernel/nftables/values.ts";
import type { BridgeNetwork } from "./attachment.ts";

/**
 * What the rules know of networks, as sets of their bridges: the rules are the same for any number of networks. `within`
 * and `talking` hold pairs, the bridge a packet comes from and the one it goes to.
 */
const sets = {
  bridges: ["interface-name"],
  internal: ["interface-name"],
  masqueraded: ["interface-name"],
  within: ["interface-name", "interface-name"],
  talking: ["interface-name", "interface-name"],
} as const satisfies Readonly<Record<string, readonly DataType[]>>;

export type SetName = keyof typeof sets;

/** Interfaces that default routes lead through. */
export const UPLINKS = "uplinks";

/** The sets, empty. */
export const membershipSets = (table: string): Change[] => [
  ...Object.entries(sets).map(([set, key]) => ({ kind: "make-set", table, set, key }) as const),
  { kind: "make-set", table, set: UPLINKS, key: ["interface-name"] },
];

/** Tells the rules where the world is. */
export const uplinkChanges = (table: string, uplinks: readonly string[]): Change[] => [
  { kind: "empty-set", table, set: UPLINKS },
  ...adding(uplinks.map((name) => ({ table, map: UPLINKS, key: nameBytes(name) }))),
];

/** Puts a network into the sets that the rules ask; done twice, it is done. */
export const enlistment = (table: string, network: BridgeNetwork): Change[] =>
  adding(memberships(table, network));

/** Takes it out of them. */
export const delistment = (table: string, network: BridgeNetwork): Change[] =>
  taking(memberships(table, network));

export const adding = (elements: Iterable<Element>): Change[] =>
  gathered(elements).map((each) => ({ kind: "add-elements", ...each }));

/**
 * What is not there cannot be deleted, so it is put in first, in the same transaction. What is there with another value is
 * somebody else's by now: then nothing is done.
 */
export function taking(elements: Iterable<Element>): Change[] {
  const all = gathered(elements);
  return [
    ...all.map((each) => ({ kind: "add-elements", ...each }) as const),
    ...all.map((each) => ({ kind: "delete-elements", ...each }) as const),
  ];
}

function memberships(table: string, network: BridgeNetwork): Element[] {
  const name = nameBytes(network.interface);
  const pair = Uint8Array.of(...name, ...name);
  const isMember: Readonly<Record<SetName, boolean>> = {
    bridges: true,
    internal: network.internal,
    masqueraded: network.masquerade && !network.internal,
    within: true,
    talking: network.open,
  };
  return (Object.keys(sets) as SetName[])
    .filter((set) => isMember[set])
    .map((set) => ({ table, map: set, key: sets[set].length === 1 ? name : pair }));
}
