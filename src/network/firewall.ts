import { ipv4Bytes, maskOf, parseSubnet } from "../kernel/netlink/address.ts";
import type { Change, DataType, Element } from "../kernel/nftables/batch.ts";
import type { Expression } from "../kernel/nftables/expression.ts";
import type { BridgeNetwork, PortBinding } from "./attachment.ts";

/** Ports published on every address of the host, and those on one. */
const everyAddress = "published";
const oneAddress = "published-on";

const target: readonly DataType[] = ["ipv4-address", "port"];
const ESTABLISHED_OR_RELATED = 2 | 4;
const DESTINATION_TRANSLATED = 32;
/** linux/rtnetlink.h, RTN_LOCAL. */
const LOCAL = 2;
const LOOPBACK_INDEX = 1;
const LOOPBACK_NET = 127;
const protocols = { tcp: 6, udp: 17 } as const;

/**
 * Our whole table, made anew in one transaction that also removes an older one: whatever state a crash left, the
 * kernel goes from it to this in one step, and established connections keep their translation.
 *
 * R27: chains of ours accept by default, so nothing that is not ours is ever touched; only what is forwarded *to* our
 * bridge is dropped unless it answers, comes from the bridge itself, or was translated by a published port. This
 * holds too for packets that a neighbour routes straight to a container's address.
 */
export function tableChanges(network: BridgeNetwork): Change[] {
  const { table } = network;
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
    { kind: "make-map", table, map: everyAddress, key: ["protocol", "port"], value: target },
    { kind: "make-map", table, map: oneAddress, key: ["ipv4-address", "protocol", "port"], value: target },
    ...chain("guard", { type: "filter", hook: "prerouting", priority: -300 }, loopbackGuard()),
    ...chain("arriving", { type: "nat", hook: "prerouting", priority: -100 }, translation()),
    ...chain("leaving-host", { type: "nat", hook: "output", priority: -100 }, translation()),
    ...chain("forward", { type: "filter", hook: "forward", priority: 0 }, isolation(network.interface)),
    ...chain("outgoing", { type: "nat", hook: "postrouting", priority: 100 }, masquerading(network)),
  ];
}

/**
 * R28 (CVE-2020-8558): translation of a published loopback address happens before the kernel would refuse a packet
 * for 127/8 that arrived from outside, so such packets, and those that claim to come from there, end here.
 */
function loopbackGuard(): Expression[][] {
  const fromElsewhere: Expression[] = [
    { kind: "load", field: "interface-in-index", register: 0 },
    { kind: "compare", register: 0, is: "different", to: hostNumber(LOOPBACK_INDEX) },
  ];
  const ends = (field: "ip-source-first-byte" | "ip-destination-first-byte"): Expression[] => [
    ...fromElsewhere,
    { kind: "load", field, register: 0 },
    { kind: "compare", register: 0, is: "equal", to: Uint8Array.of(LOOPBACK_NET) },
    { kind: "verdict", verdict: "drop" },
  ];
  return [ends("ip-destination-first-byte"), ends("ip-source-first-byte")];
}

/** A port published on one address wins over one published on all of them. */
function translation(): Expression[][] {
  const address = 4;
  const port = 5;
  return [
    [
      { kind: "load", field: "ip-destination", register: 0 },
      { kind: "load", field: "transport-protocol", register: 1 },
      { kind: "load", field: "port-destination", register: 2 },
      { kind: "map", map: oneAddress, key: 0, value: address },
      { kind: "translate-destination", address, port },
    ],
    [
      { kind: "load", field: "destination-type", register: 0 },
      { kind: "compare", register: 0, is: "equal", to: hostNumber(LOCAL) },
      { kind: "load", field: "transport-protocol", register: 0 },
      { kind: "load", field: "port-destination", register: 1 },
      { kind: "map", map: everyAddress, key: 0, value: address },
      { kind: "translate-destination", address, port },
    ],
  ];
}

function isolation(bridge: string): Expression[][] {
  const toContainers = interfaceIs("interface-out", bridge);
  const accept: Expression = { kind: "verdict", verdict: "accept" };
  return [
    [...toContainers, ...hasBits("connection-state", ESTABLISHED_OR_RELATED), accept],
    [...toContainers, ...interfaceIs("interface-in", bridge), accept],
    [...toContainers, ...hasBits("connection-status", DESTINATION_TRANSLATED), accept],
    [...toContainers, { kind: "verdict", verdict: "drop" }],
  ];
}

function masquerading(network: BridgeNetwork): Expression[][] {
  const toContainers = interfaceIs("interface-out", network.interface);
  const fromContainers = sourceIn(network.subnet);
  const masquerade: Expression = { kind: "masquerade" };
  return [
    [...interfaceIs("interface-out", network.interface, "different"), ...fromContainers, masquerade],
    // A container that calls a published port of its own bridge would be answered past us, by the wrong address.
    [...toContainers, ...hasBits("connection-status", DESTINATION_TRANSLATED), ...fromContainers, masquerade],
    // The host that calls 127.0.0.1: a container could not answer that address.
    [
      ...toContainers,
      { kind: "load", field: "ip-source-first-byte", register: 0 },
      { kind: "compare", register: 0, is: "equal", to: Uint8Array.of(LOOPBACK_NET) },
      masquerade,
    ],
  ];
}

function interfaceIs(
  field: "interface-in" | "interface-out",
  name: string,
  is: "equal" | "different" = "equal",
): Expression[] {
  const padded = new Uint8Array(16);
  padded.set(new TextEncoder().encode(name));
  return [
    { kind: "load", field, register: 0 },
    { kind: "compare", register: 0, is, to: padded },
  ];
}

function sourceIn(subnet: string): Expression[] {
  const { base, prefix } = parseSubnet(subnet);
  return [
    { kind: "load", field: "ip-source", register: 0 },
    { kind: "mask", register: 0, mask: networkNumber(maskOf(prefix)) },
    { kind: "compare", register: 0, is: "equal", to: networkNumber(base) },
  ];
}

function hasBits(field: "connection-state" | "connection-status", bits: number): Expression[] {
  return [
    { kind: "load", field, register: 0 },
    { kind: "mask", register: 0, mask: hostNumber(bits) },
    { kind: "compare", register: 0, is: "different", to: hostNumber(0) },
  ];
}

/** In the machine's order (little endian), as the kernel keeps its own numbers in registers. */
const hostNumber = (value: number) => new Uint8Array(Uint32Array.of(value).buffer);

function networkNumber(value: number): Uint8Array {
  const out = new Uint8Array(4);
  new DataView(out.buffer).setUint32(0, value);
  return out;
}

/** The map element that publishes a port: from a host's port to a container's. */
export function publication(table: string, address: string, binding: PortBinding): Element {
  const key = [...padded(Uint8Array.of(protocols[binding.protocol])), ...padded(port(binding.hostPort))];
  const value = Uint8Array.of(...ipv4Bytes(address), ...padded(port(binding.containerPort)));
  return isEveryAddress(binding.hostIp)
    ? { table, map: everyAddress, key: Uint8Array.from(key), value }
    : { table, map: oneAddress, key: Uint8Array.of(...ipv4Bytes(binding.hostIp), ...key), value };
}

export const isEveryAddress = (hostIp: string): boolean => hostIp === "" || hostIp === "0.0.0.0";

const port = (number: number) => Uint8Array.of(number >>> 8, number & 0xff);

function padded(value: Uint8Array): Uint8Array {
  const out = new Uint8Array(Math.ceil(value.length / 4) * 4);
  out.set(value);
  return out;
}
