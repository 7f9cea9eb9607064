import {
  broadcastOf,
  contains,
  formatIpv4,
  formatSubnet,
  parseIpv4,
  type Subnet,
} from "../kernel/netlink/address.ts";
import { InroError } from "../oci/error.ts";

/** Who has which address of a subnet. An address is given to one container at a time, and to the next as late as possible. */
export interface AddressPool {
  /** NO_FREE_ADDRESS. */
  take(): string;
  /** Marks an address that a container of an earlier daemon still has. False: outside this subnet. */
  keep(address: string): boolean;
  release(address: string): void;
}

/** The gateway is the subnet's first address; network and broadcast addresses are never given. */
export function addressPool(subnet: Subnet): AddressPool {
  const first = subnet.base + 2;
  const last = broadcastOf(subnet) - 1;
  const taken = new Set<number>();
  // Late reuse: what still answers for an old container must not reach a new one.
  let next = first;
  return {
    take() {
      for (let tries = first; tries <= last; tries++) {
        const candidate = next;
        next = next === last ? first : next + 1;
        if (taken.has(candidate)) continue;
        taken.add(candidate);
        return formatIpv4(candidate);
      }
      throw new InroError("NO_FREE_ADDRESS", {
        what: "cannot give the container an address",
        why: `all ${last - first + 1} addresses of ${formatSubnet(subnet)} are in use`,
        hint: "remove containers that are not needed, or use --network none or host",
      });
    },
    keep(address) {
      const value = parseIpv4(address);
      if (!contains(subnet, value)) return false;
      taken.add(value);
      if (value >= next && value < last) next = value + 1;
      return true;
    },
    release(address) {
      taken.delete(parseIpv4(address));
    },
  };
}

export const gatewayOf = (subnet: Subnet): string => formatIpv4(subnet.base + 1);

/** A hardware address that belongs to the IPv4 address: no neighbour's table ever goes stale when it is given again. */
export function macOf(address: string): string {
  const bytes = [24, 16, 8, 0].map((shift) => (parseIpv4(address) >>> shift) & 0xff);
  return [0x02, 0x42, ...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(":");
}
