import { isIPv4, isIPv6 } from "node:net";
import { InroError } from "./error.ts";

/** Of the Internet Protocol: its version. */
export type Family = 4 | 6;

export const families: readonly Family[] = [4, 6];

/** linux/socket.h, AF_INET and AF_INET6. */
export const addressFamilies = { 4: 2, 6: 10 } as const;

/** Bits of an address. */
const widths = { 4: 32, 6: 128 } as const;

/** An address as a number: brackets comparisons and arithmetic. */
export interface Address {
  readonly family: Family;
  readonly value: bigint;
}

/** Of a text that is known to be an address. */
export const familyOf = (address: string): Family => (address.includes(":") ? 6 : 4);

/** As it stands before a port: `[::1]`, `127.0.0.1`. */
export const bracketed = (address: string): string => (address.includes(":") ? `[${address}]` : address);

/** The bytes of an address, in network order: four, or sixteen. Throws INVALID_ADDRESS. */
export function addressBytes(address: string): Uint8Array {
  if (isIPv4(address)) return Uint8Array.from(address.split("."), Number);
  // A zone (`fe80::1%eth0`) is for who uses an address, not a part of it.
  if (isIPv6(address) && !address.includes("%")) return ipv6Bytes(address);
  throw invalid(address, "it is not an address");
}

/** RFC 4291, section 2.2: groups of hexadecimal digits, `::` for a row of zeros, the last 32 bits as IPv4 perhaps. */
function ipv6Bytes(address: string): Uint8Array {
  const plain = address.replace(/[\d.]+$/, (end) => (end.includes(".") ? groups(addressBytes(end)) : end));
  const [before = "", after] = plain
    .split("::")
    .map((part) => part.split(":").filter((group) => group !== ""));
  const [head, tail] = [before === "" ? [] : before, after ?? []];
  const zeros = after === undefined ? [] : Array<string>(8 - head.length - tail.length).fill("0");
  const all = [...head, ...zeros, ...tail].map((group) => Number.parseInt(group, 16));
  return Uint8Array.from(all.flatMap((group) => [group >>> 8, group & 0xff]));
}

const groups = (bytes: Uint8Array): string =>
  Array.from({ length: bytes.length / 2 }, (_, at) =>
    (((bytes[2 * at] ?? 0) << 8) | (bytes[2 * at + 1] ?? 0)).toString(16),
  ).join(":");

/** Throws INVALID_ADDRESS. */
export const parseAddress = (address: string): Address => addressOf(addressBytes(address));

/** Four bytes in network order, or sixteen. */
export const addressOf = (bytes: Uint8Array): Address => ({
  family: bytes.length === 4 ? 4 : 6,
  value: bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n),
});

/** As RFC 5952 writes IPv6: the first of the longest rows of zeros is left out. */
export function formatAddress({ family, value }: Address): string {
  const bytes = Uint8Array.from({ length: widths[family] / 8 }, (_, at) =>
    Number((value >> BigInt(widths[family] - 8 * (at + 1))) & 0xffn),
  );
  if (family === 4) return bytes.join(".");
  const whole = groups(bytes);
  const rows = [...whole.matchAll(/(?<![^:])0(?::0)+(?![^:])/g)];
  const longest = rows.toSorted((a, b) => b[0].length - a[0].length)[0];
  if (longest === undefined) return whole;
  const [head, tail] = [whole.slice(0, longest.index), whole.slice(longest.index + longest[0].length)];
  return `${head.replace(/:$/, "")}::${tail.replace(/^:/, "")}`;
}

/** Six bytes of `02:42:ac:14:00:05`. */
export function macBytes(mac: string): Uint8Array {
  if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(mac)) throw invalid(mac, "it is not a hardware address");
  return Uint8Array.from(mac.split(":"), (part) => Number.parseInt(part, 16));
}

/** A block of addresses; `base` has no bit set beyond `prefix`. */
export interface Subnet {
  readonly family: Family;
  readonly base: bigint;
  readonly prefix: number;
}

/** The bits of an address that a subnet leaves open, all set. */
const openBits = (family: Family, prefix: number): bigint => (1n << BigInt(widths[family] - prefix)) - 1n;

/** Throws INVALID_ADDRESS. */
export function parseSubnet(subnet: string): Subnet {
  const [address = "", bits = ""] = subnet.split(/\/(.*)/s);
  const { family, value } = parseAddress(address);
  const prefix = /^\d{1,3}$/.test(bits) ? Number(bits) : Number.POSITIVE_INFINITY;
  if (prefix > widths[family] || (value & openBits(family, prefix)) !== 0n) {
    const example = family === 4 ? "172.20.0.0/16" : "fd00:0:0:1::/64";
    throw invalid(subnet, `it is not an IPv${family} subnet such as ${example}`);
  }
  return { family, base: value, prefix };
}

export const formatSubnet = ({ family, base, prefix }: Subnet): string =>
  `${formatAddress({ family, value: base })}/${prefix}`;

/** The subnet that an address of it belongs to. */
export function subnetOf({ family, value }: Address, prefix: number): Subnet {
  return { family, base: value & ~openBits(family, prefix), prefix };
}

/** A subnet's highest address: the one for all of its hosts, with IPv4. */
export const lastOf = ({ family, base, prefix }: Subnet): bigint => base | openBits(family, prefix);

export const contains = (subnet: Subnet, { family, value }: Address): boolean =>
  family === subnet.family && value >= subnet.base && value <= lastOf(subnet);

export const overlaps = (a: Subnet, b: Subnet): boolean =>
  a.family === b.family && a.base <= lastOf(b) && b.base <= lastOf(a);

/** How many addresses are left open at most: 2 to the power of this. */
export const openWidth = ({ family, prefix }: Subnet): number => widths[family] - prefix;

const invalid = (text: string, why: string) =>
  new InroError("INVALID_ADDRESS", { what: `cannot use ${JSON.stringify(text)}`, why });
