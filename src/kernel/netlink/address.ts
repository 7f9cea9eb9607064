import { InroError } from "../../oci/error.ts";

/** An IPv4 address as a number: brackets comparisons and arithmetic. Throws INVALID_ADDRESS. */
export function parseIpv4(address: string): number {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(address);
  const parts = match?.slice(1).map(Number) ?? [];
  if (parts.length !== 4 || parts.some((part) => part > 255))
    throw new InroError("INVALID_ADDRESS", {
      what: `cannot use ${JSON.stringify(address)}`,
      why: "it is not an IPv4 address",
    });
  return parts.reduce((value, part) => value * 256 + part, 0);
}

export function formatIpv4(value: number): string {
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 0xff).join(".");
}

/** The four bytes of an IPv4 address, in network order. */
export function ipv4Bytes(address: string): Uint8Array {
  const value = parseIpv4(address);
  return Uint8Array.of(value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);
}

/** Six bytes of `02:42:ac:14:00:05`. */
export function macBytes(mac: string): Uint8Array {
  if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(mac))
    throw new InroError("INVALID_ADDRESS", {
      what: `cannot use ${JSON.stringify(mac)}`,
      why: "it is not a hardware address",
    });
  return Uint8Array.from(mac.split(":"), (part) => Number.parseInt(part, 16));
}

/** A block of IPv4 addresses; `base` has no bit set beyond `prefix`. */
export interface Subnet {
  readonly base: number;
  readonly prefix: number;
}

export const maskOf = (prefix: number): number => (prefix === 0 ? 0 : (0xffffffff << (32 - prefix)) >>> 0);

export function parseSubnet(subnet: string): Subnet {
  const [address = "", bits = ""] = subnet.split("/");
  const prefix = /^\d{1,2}$/.test(bits) ? Number(bits) : 33;
  const value = parseIpv4(address);
  if (prefix > 32 || (value & ~maskOf(prefix)) !== 0)
    throw new InroError("INVALID_ADDRESS", {
      what: `cannot use ${JSON.stringify(subnet)}`,
      why: "it is not an IPv4 subnet such as 172.20.0.0/16",
    });
  return { base: value, prefix };
}

export const formatSubnet = (subnet: Subnet): string => `${formatIpv4(subnet.base)}/${subnet.prefix}`;

export const broadcastOf = (subnet: Subnet): number => (subnet.base | ~maskOf(subnet.prefix)) >>> 0;

export const contains = (subnet: Subnet, address: number): boolean =>
  (address & maskOf(subnet.prefix)) >>> 0 === subnet.base;

export const overlaps = (a: Subnet, b: Subnet): boolean => contains(a, b.base) || contains(b, a.base);
