import {
  broadcastOf,
  contains,
  formatIpv4,
  formatSubnet,
  parseIpv4,
  parseSubnet,
} from "../kernel/netlink/address.ts";
import { InroError } from "../oci/error.ts";
import type { Network } from "./attachment.ts";

/** Who has which address of a subnet. An address is given to one container at a time, and to the next as late as possible. */
export interface AddressPool {
  /** NO_FREE_ADDRESS. */
  take(): string;
  /** This very one. ADDRESS_IN_USE, INVALID_OPTION. */
  claim(address: string): string;
  /** Marks an address that a container of an earlier daemon still has. */
  keep(address: string): void;
  release(address: string): void;
}

/** Network, broadcast and gateway addresses and those set aside are never given; of a range, nothing outside it by itself. */
export function addressPool(network: Network): AddressPool {
  const subnet = parseSubnet(network.subnet);
  const range = network.range === null ? subnet : parseSubnet(network.range);
  const lowest = subnet.base + 1;
  const highest = broadcastOf(subnet) - 1;
  const first = Math.max(lowest, range.base);
  const last = Math.min(highest, broadcastOf(range));
  const kept = new Set([network.gateway, ...network.reserved].map(parseIpv4));
  const taken = new Set(kept);
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
      const count = last - first + 1 - [...kept].filter((one) => one >= first && one <= last).length;
      throw new InroError("NO_FREE_ADDRESS", {
        what: "cannot give the container an address",
        why: `all ${count} addresses of ${formatSubnet(range)}, the network "${network.name}", are in use`,
        hint: "remove containers that are not needed, or use another network",
      });
    },
    claim(address) {
      const value = parseIpv4(address);
      const refuse = (code: string, why: string) =>
        new InroError(code, { what: `cannot give the container the address ${address}`, why, at: "--ip" });
      if (!contains(subnet, value) || value < lowest || value > highest)
        throw refuse(
          "INVALID_OPTION",
          `it does not belong to the subnet ${network.subnet} of the network "${network.name}"`,
        );
      if (kept.has(value))
        throw refuse(
          "ADDRESS_IN_USE",
          `Address already in use: it is the gateway's or set aside in the network "${network.name}"`,
        );
      if (taken.has(value))
        throw refuse("ADDRESS_IN_USE", `Address already in use in the network "${network.name}"`);
      taken.add(value);
      return address;
    },
    keep(address) {
      const value = parseIpv4(address);
      taken.add(value);
      if (value >= next && value < last) next = value + 1;
    },
    release(address) {
      const value = parseIpv4(address);
      if (!kept.has(value)) taken.delete(value);
    },
  };
}

/** A hardware address that belongs to the IPv4 address: no neighbour's table ever goes stale when it is given again. */
export function macOf(address: string): string {
  const bytes = [24, 16, 8, 0].map((shift) => (parseIpv4(address) >>> shift) & 0xff);
  return [0x02, 0x42, ...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(":");
}
