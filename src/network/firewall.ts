import { type Change, type DataType, type Element, gathered } from "../kernel/nftables/batch.ts";
import type { Expression } from "../kernel/nftables/expression.ts";
import { addressBytes, addressFamilies, type Family, families, familyOf } from "../oci/address.ts";
import type { PortBinding } from "../oci/port.ts";
import type { BridgeNetwork } from "./attachment.ts";

/** What differs between the families: the maps of ports published on every address of the host, and on one; lengths. */
const kinds = {
  4: { everyAddress: "published", oneAddress: "published-on", type: "ipv4-address", registers: 1 },
  6: { everyAddress: "published6", oneAddress: "published-on6", type: "ipv6-address", registers: 4 },
} as const;

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

type SetName = keyof typeof sets;

const ESTABLISHED_OR_RELATED = 2 | 4;
const DESTINATION_TRANSLATED = 32;
/** linux/rtnetlink.h, RTN_LOCAL. */
const LOCAL = 2;
const LOOPBACK_INDEX = 1;
const LOOPBACK_NET = 127;
/** In the machine's order (little endian), as the kernel keeps its own numbers in registers. */
const hostNumber = (value: number) => new Uint8Array(Uint32Array.of(value).buffer);
const protocols = { tcp: 6, udp: 17, sctp: 132 } as const;

/**
 * The bit of a forwarded packet's mark that says: our table lets it pass. A foreign chain that would drop it needs one rule
 * that asks for this bit, and opens nothing that we close. No network namespace is left with it (skb_scrub_packet), so
 * neither a container nor a neighbour can set it.
 */
export const PASSED = 0x40000000;
/** Ports, by protocol and number, that no family translates: all that comes to them is handed on by the daemon. */
const HANDED_ON = "handed-on";
/** Interfaces that default routes lead through. */
const UPLINKS = "uplinks";
/** What other engines' containers and machines hang on. */
const neighbours = ["bridge", "veth"] as const;
/** Before any chain that might judge by the mark. */
const FIRST = -400;

/**
 * Our whole table, made anew in one transaction that also removes an older one: whatever state a crash left, the
 * kernel goes from it to this in one step, and established connections keep their translation.
 *
 * R27: chains of ours accept by default, so nothing that is not ours is ever touched; only what is forwarded *to* one of
 * our bridges is dropped unless it answers, comes from the same bridge, or was translated by a published port. This
 * holds too for packets that a neighbour routes straight to a container's address.
 */
export function tableChanges(
  table: string,
  networks: readonly BridgeNetwork[],
  uplinks: readonly string[],
): Change[] {
  const chain = (
    name: string,
    hook: Extract<Change, { kind: "make-chain" }>["hook"],
    rules: Expression[][],
  ) => [
    { kind: "make-chain", table, chain: name, hook } as const,
    ...rules.map((rule) => ({ kind: "add-rule", table, chain: name, rule }) as const),
  ];
  return [
    { kind: "make-table", table },
    { kind: "delete-table", table },
    { kind: "make-table", table },
    ...families.flatMap((family) => publicationMaps(table, family)),
    ...Object.entries(sets).map(([set, key]) => ({ kind: "make-set", table, set, key }) as const),
    { kind: "make-set", table, set: HANDED_ON, key: ["protocol", "port"] },
    { kind: "make-set", table, set: UPLINKS, key: ["interface-name"] },
    ...uplinkChanges(table, uplinks),
    ...networks.flatMap((network) => enlistment(table, network)),
    ...chain("guard", { type: "filter", hook: "prerouting", priority: -300 }, [
      ...loopbackGuard(),
      ...forwarderGuard(),
    ]),
    ...chain("arriving", { type: "nat", hook: "prerouting", priority: -100 }, families.flatMap(translation)),
    ...chain("leaving-host", { type: "nat", hook: "output", priority: -100 }, families.flatMap(translation)),
    ...chain("forward", { type: "filter", hook: "forward", priority: FIRST }, isolation()),
    ...chain("outgoing", { type: "nat", hook: "postrouting", priority: 100 }, masquerading()),
  ];
}

function publicationMaps(table: string, family: Family): Change[] {
  const { everyAddress, oneAddress, type } = kinds[family];
  const value: readonly DataType[] = [type, "port"];
  return [
    { kind: "make-map", table, map: everyAddress, key: ["protocol", "port"], value },
    { kind: "make-map", table, map: oneAddress, key: [type, "protocol", "port"], value },
  ];
}

/** Tells the rules where the world is. */
export const uplinkChanges = (table: string, uplinks: readonly string[]): Change[] => [
  { kind: "empty-set", table, set: UPLINKS },
  ...adding(uplinks.map((name) => ({ table, map: UPLINKS, key: nameBytes(name) }))),
];

/** An interface's name as the kernel keeps it in registers. */
export const nameBytes = (name: string) => padded(new TextEncoder().encode(name), 16);

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

/**
 * R28 (CVE-2020-8558): translation of a published loopback address happens before the kernel would refuse a packet
 * for 127/8 that arrived from outside, so such packets, and those that claim to come from there, end here. Those of ::1 it
 * refuses before (ip6_rcv_core in net/ipv6/ip6_input.c).
 */
function loopbackGuard(): Expression[][] {
  const fromElsewhere: Expression[] = [
    { kind: "load", field: "interface-in-index", register: 0 },
    { kind: "compare", register: 0, is: "different", to: hostNumber(LOOPBACK_INDEX) },
  ];
  const ends = (field: "ip-source-first-byte" | "ip-destination-first-byte"): Expression[] => [
    ...fromElsewhere,
    ...isOf(4),
    { kind: "load", field, register: 0 },
    { kind: "compare", register: 0, is: "equal", to: Uint8Array.of(LOOPBACK_NET) },
    { kind: "verdict", verdict: "drop" },
  ];
  return [ends("ip-destination-first-byte"), ends("ip-source-first-byte")];
}

/**
 * R27: what the daemon hands on is not forwarded by the kernel, so that `internal` has to hold before. The port of a
 * container that has the other family alone is in that family's map.
 */
function forwarderGuard(): Expression[][] {
  const asks: Expression[] = [
    { kind: "load", field: "destination-type", register: 0 },
    { kind: "compare", register: 0, is: "equal", to: hostNumber(LOCAL) },
    { kind: "load", field: "transport-protocol", register: 0 },
    { kind: "load", field: "port-destination", register: 1 },
  ];
  const drop: Expression = { kind: "verdict", verdict: "drop" };
  const internal = isIn("interface-in", "internal");
  return [
    [...internal, ...asks, { kind: "member", set: HANDED_ON, key: 0, is: true }, drop],
    ...families.map((family): Expression[] => [
      ...internal,
      ...isOf(family === 4 ? 6 : 4),
      ...asks,
      { kind: "map", map: kinds[family].everyAddress, key: 0, value: 8 },
      drop,
    ]),
  ];
}

/** A port published on one address wins over one published on all of them. */
function translation(family: Family): Expression[][] {
  const { everyAddress, oneAddress, registers } = kinds[family];
  const address = 8;
  const port = address + registers;
  const destination: Expression = {
    kind: "load",
    field: family === 4 ? "ip-destination" : "ip6-destination",
    register: 0,
  };
  // What the host says to ::1 could not leave its loopback.
  const leaves: Expression[] = [
    destination,
    { kind: "compare", register: 0, is: "different", to: addressBytes("::1") },
  ];
  return [
    [
      ...isOf(family),
      destination,
      { kind: "load", field: "transport-protocol", register: registers },
      { kind: "load", field: "port-destination", register: registers + 1 },
      { kind: "map", map: oneAddress, key: 0, value: address },
      { kind: "translate-destination", family, address, port },
    ],
    [
      ...isOf(family),
      ...(family === 6 ? leaves : []),
      { kind: "load", field: "destination-type", register: 0 },
      { kind: "compare", register: 0, is: "equal", to: hostNumber(LOCAL) },
      { kind: "load", field: "transport-protocol", register: 0 },
      { kind: "load", field: "port-destination", register: 1 },
      { kind: "map", map: everyAddress, key: 0, value: address },
      { kind: "translate-destination", family, address, port },
    ],
  ];
}

function isolation(): Expression[][] {
  const drop: Expression = { kind: "verdict", verdict: "drop" };
  const toContainers = isIn("interface-out", "bridges");
  return [
    [...stays("talking"), ...pass],
    [...stays("within"), drop],
    // Whatever else it is: a published port of another network, or an answer to somebody outside.
    [...isIn("interface-in", "internal"), drop],
    [...isIn("interface-out", "internal"), drop],
    [...toContainers, ...hasBits("connection-state", ESTABLISHED_OR_RELATED), ...pass],
    [...toContainers, ...hasBits("connection-status", DESTINATION_TRANSLATED), ...pass],
    [...toContainers, drop],
    ...leaving(),
  ];
}

/**
 * What leaves for the world passes. What leaves for networks of others on this host does too, as far as our table goes, but
 * without the mark: they are for their own chains to close.
 */
function leaving(): Expression[][] {
  const fromContainers = isIn("interface-in", "bridges");
  return [
    [...fromContainers, ...hasBits("connection-state", ESTABLISHED_OR_RELATED), ...pass],
    [...fromContainers, ...isIn("interface-out", UPLINKS), ...pass],
    ...neighbours.map((kind): Expression[] => [
      ...fromContainers,
      { kind: "load", field: "interface-out-kind", register: 0 },
      { kind: "compare", register: 0, is: "equal", to: nameBytes(kind) },
      { kind: "verdict", verdict: "accept" },
    ]),
    [...fromContainers, ...pass],
  ];
}

/** Our accept ends our own chain only: others that hang there judge the packet after it, and see the mark. */
const pass: readonly Expression[] = [
  { kind: "load", field: "mark", register: 0 },
  { kind: "mask", register: 0, mask: hostNumber(~PASSED), flip: hostNumber(PASSED) },
  { kind: "set-mark", register: 0 },
  { kind: "verdict", verdict: "accept" },
];

function masquerading(): Expression[][] {
  const masquerade: Expression = { kind: "masquerade" };
  return [
    [...isIn("interface-in", "masqueraded"), ...stays("within", false), masquerade],
    // A container that calls a published port of its own bridge would be answered past us, by the wrong address.
    [...stays("within"), ...hasBits("connection-status", DESTINATION_TRANSLATED), masquerade],
    // The host that calls 127.0.0.1: a container could not answer that address.
    [
      ...isIn("interface-out", "bridges"),
      ...isOf(4),
      { kind: "load", field: "ip-source-first-byte", register: 0 },
      { kind: "compare", register: 0, is: "equal", to: Uint8Array.of(LOOPBACK_NET) },
      masquerade,
    ],
    [
      { kind: "load", field: "interface-in-index", register: 0 },
      { kind: "compare", register: 0, is: "different", to: hostNumber(0) },
      { kind: "verdict", verdict: "accept" },
    ],
    // br_netfilter: a translated frame stays on its bridge, and is not said to have come from anywhere; nor is what the
    // host itself sends.
    [
      ...isIn("interface-out", "bridges"),
      ...hasBits("connection-status", DESTINATION_TRANSLATED),
      { kind: "load", field: "source-type", register: 0 },
      { kind: "compare", register: 0, is: "different", to: hostNumber(LOCAL) },
      masquerade,
    ],
  ];
}

const isIn = (field: "interface-in" | "interface-out", set: SetName | typeof UPLINKS): Expression[] => [
  { kind: "load", field, register: 0 },
  { kind: "member", set, key: 0, is: true },
];

/** A rule for one family goes on. */
const isOf = (family: Family): Expression[] => [
  { kind: "load", field: "protocol-family", register: 0 },
  { kind: "compare", register: 0, is: "equal", to: Uint8Array.of(addressFamilies[family]) },
];

/** Whether a packet's way from bridge to bridge is in a set of pairs; a name takes four registers. */
const stays = (set: "within" | "talking", is = true): Expression[] => [
  { kind: "load", field: "interface-in", register: 0 },
  { kind: "load", field: "interface-out", register: 4 },
  { kind: "member", set, key: 0, is },
];

function hasBits(field: "connection-state" | "connection-status", bits: number): Expression[] {
  return [
    { kind: "load", field, register: 0 },
    { kind: "mask", register: 0, mask: hostNumber(bits) },
    { kind: "compare", register: 0, is: "different", to: hostNumber(0) },
  ];
}

/**
 * The elements that publish ports: of maps, each from a host's to a container's of the same family, and of the set of those
 * that have no counterpart there. Nothing is said of ::1, which nobody but the host reaches.
 */
export function* publications(
  table: string,
  addresses: readonly string[],
  bindings: readonly PortBinding[],
): Generator<Element> {
  for (const { hostIp, protocol, hostPort, containerPort, count } of bindings) {
    const translated = addresses.some((address) => isTranslated(hostIp, familyOf(address)));
    for (let step = 0; step < count && !translated && hostIp !== "::1"; step++)
      yield {
        table,
        map: HANDED_ON,
        key: withPort(Uint8Array.of(protocols[protocol], 0, 0, 0), hostPort + step),
      };
    for (const address of addresses) {
      const family = familyOf(address);
      if (!isTranslated(hostIp, family)) continue;
      const every = isEveryAddress(hostIp);
      const map = every ? kinds[family].everyAddress : kinds[family].oneAddress;
      const from = Uint8Array.of(...(every ? [] : addressBytes(hostIp)), protocols[protocol], 0, 0, 0);
      const to = addressBytes(address);
      for (let step = 0; step < count; step++)
        yield { table, map, key: withPort(from, hostPort + step), value: withPort(to, containerPort + step) };
    }
  }
}

const isTranslated = (hostIp: string, family: Family): boolean =>
  hostIp === "" || (familyOf(hostIp) === family && hostIp !== "::1" && !hostIp.includes("%"));

/** A port in network order, padded to a register, behind what stands before it in a key or value. */
function withPort(before: Uint8Array, port: number): Uint8Array {
  const out = new Uint8Array(before.length + 4);
  out.set(before);
  out[before.length] = port >>> 8;
  out[before.length + 1] = port & 0xff;
  return out;
}

/** Of both families, or of one. */
const isEveryAddress = (hostIp: string): boolean => ["", "0.0.0.0", "::"].includes(hostIp);

function padded(value: Uint8Array, length: number): Uint8Array {
  const out = new Uint8Array(length);
  out.set(value);
  return out;
}
