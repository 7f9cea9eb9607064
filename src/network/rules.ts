import { LOOPBACK_INDEX } from "../kernel/netlink/link.ts";
import type { Expression } from "../kernel/nftables/expression.ts";
import { hostNumbers, nameBytes, STATE, STATUS } from "../kernel/nftables/values.ts";
import { addressBytes, addressFamilies, type Family, families } from "../oci/address.ts";
import { type SetName, UPLINKS } from "./memberships.ts";
import { HANDED_ON, publicationMaps } from "./publications.ts";

/** linux/rtnetlink.h, RTN_LOCAL. */
const LOCAL = 2;
const LOOPBACK_NET = 127;
/** What other engines' containers and machines hang on. */
const neighbours = ["bridge", "veth"] as const;

/**
 * The bit of a forwarded packet's mark that says: our table lets it pass. A foreign chain that would drop it needs one rule
 * that asks for this bit, and opens nothing that we close. No network namespace is left with it (skb_scrub_packet), so
 * neither a container nor a neighbour can set it.
 */
export const PASSED = 0x40000000;

/**
 * R28 (CVE-2020-8558): translation of a published loopback address happens before the kernel would refuse a packet
 * for 127/8 that arrived from outside, so such packets, and those that claim to come from there, end here. Those of ::1 it
 * refuses before (ip6_rcv_core in net/ipv6/ip6_input.c).
 */
export function loopbackGuard(): Expression[][] {
  const fromElsewhere: Expression[] = [
    { kind: "load", field: "interface-in-index", register: 0 },
    { kind: "compare", register: 0, is: "different", to: hostNumbers(LOOPBACK_INDEX) },
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
export function forwarderGuard(): Expression[][] {
  const asks: Expression[] = [
    { kind: "load", field: "destination-type", register: 0 },
    { kind: "compare", register: 0, is: "equal", to: hostNumbers(LOCAL) },
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
      { kind: "map", map: publicationMaps[family].everyAddress, key: 0, value: 8 },
      drop,
    ]),
  ];
}

/** A port published on one address wins over one published on all of them. */
export function translation(family: Family): Expression[][] {
  const { everyAddress, oneAddress, registers } = publicationMaps[family];
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
      { kind: "compare", register: 0, is: "equal", to: hostNumbers(LOCAL) },
      { kind: "load", field: "transport-protocol", register: 0 },
      { kind: "load", field: "port-destination", register: 1 },
      { kind: "map", map: everyAddress, key: 0, value: address },
      { kind: "translate-destination", family, address, port },
    ],
  ];
}

export function isolation(): Expression[][] {
  const drop: Expression = { kind: "verdict", verdict: "drop" };
  const toContainers = isIn("interface-out", "bridges");
  return [
    [...stays("talking"), ...pass],
    [...stays("within"), drop],
    // Whatever else it is: a published port of another network, or an answer to somebody outside.
    [...isIn("interface-in", "internal"), drop],
    [...isIn("interface-out", "internal"), drop],
    [...toContainers, ...hasBits("connection-state", STATE.established | STATE.related), ...pass],
    [...toContainers, ...hasBits("connection-status", STATUS.destinationTranslated), ...pass],
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
    [...fromContainers, ...hasBits("connection-state", STATE.established | STATE.related), ...pass],
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
  { kind: "mask", register: 0, mask: hostNumbers(~PASSED), flip: hostNumbers(PASSED) },
  { kind: "set-mark", register: 0 },
  { kind: "verdict", verdict: "accept" },
];

export function masquerading(): Expression[][] {
  const masquerade: Expression = { kind: "masquerade" };
  return [
    [...isIn("interface-in", "masqueraded"), ...stays("within", false), masquerade],
    // A container that calls a published port of its own bridge would be answered past us, by the wrong address.
    [...stays("within"), ...hasBits("connection-status", STATUS.destinationTranslated), masquerade],
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
      { kind: "compare", register: 0, is: "different", to: hostNumbers(0) },
      { kind: "verdict", verdict: "accept" },
    ],
    // br_netfilter: a translated frame stays on its bridge, and is not said to have come from anywhere; nor is what the
    // host itself sends.
    [
      ...isIn("interface-out", "bridges"),
      ...hasBits("connection-status", STATUS.destinationTranslated),
      { kind: "load", field: "source-type", register: 0 },
      { kind: "compare", register: 0, is: "different", to: hostNumbers(LOCAL) },
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
    { kind: "mask", register: 0, mask: hostNumbers(bits) },
    { kind: "compare", register: 0, is: "different", to: hostNumbers(0) },
  ];
}
