import { createHash } from "node:crypto";
import {
  addressBytes,
  contains,
  type Family,
  familyOf,
  formatAddress,
  formatSubnet,
  lastOf,
  parseAddress,
  parseSubnet,
  type Subnet,
} from "../oci/address.ts";
import { InroError } from "../oci/error.ts";
import type { Block, Network } from "./attachment.ts";

/** Who has which address of a block. An address is given to one container at a time, and to the next as late as possible. */
interface AddressPool {
  readonly family: Family;
  /** NO_FREE_ADDRESS. */
  take(): string;
  /** This very one. ADDRESS_IN_USE, INVALID_OPTION. */
  claim(address: string): string;
  /** Marks an address that a container of an earlier daemon still has. */
  keep(address: string): void;
  release(address: string): void;
}

/** The same of all of a network's blocks; a container has an address of each. */
export interface AddressPools {
  /** In the order of the blocks; of those asked for, one of a family at most. NO_FREE_ADDRESS, ADDRESS_IN_USE, INVALID_OPTION. */
  take(asked: readonly string[]): readonly string[];
  keep(addresses: readonly string[]): void;
  release(addresses: readonly string[]): void;
}

export function addressPools({ name, blocks }: Pick<Network, "name" | "blocks">): AddressPools {
  const pools = blocks.map((block) => addressPool(name, block));
  const each = (addresses: readonly string[], work: (pool: AddressPool, address: string) => void) => {
    for (const address of addresses)
      for (const pool of pools) if (pool.family === familyOf(address)) work(pool, address);
  };
  const release: AddressPools["release"] = (addresses) =>
    each(addresses, (pool, address) => pool.release(address));
  return {
    take(asked) {
      for (const address of asked)
        if (!pools.some(({ family }) => family === familyOf(address))) throw noSuchFamily(name, address);
      const taken: string[] = [];
      try {
        for (const pool of pools) {
          const wanted = asked.find((address) => familyOf(address) === pool.family);
          taken.push(wanted === undefined ? pool.take() : pool.claim(wanted));
        }
        return taken;
      } catch (error) {
        release(taken);
        throw error;
      }
    },
    keep: (addresses) => each(addresses, (pool, address) => pool.keep(address)),
    release,
  };
}

/** The first and the last address that a host may have: with IPv4 the highest is for all of them. */
function bounds(subnet: Subnet): { readonly lowest: bigint; readonly highest: bigint } {
  return { lowest: subnet.base + 1n, highest: lastOf(subnet) - (subnet.family === 4 ? 1n : 0n) };
}

/** Network, broadcast and gateway addresses and those set aside are never given; of a range, nothing outside it by itself. */
function addressPool(name: string, block: Block): AddressPool {
  const subnet = parseSubnet(block.subnet);
  const { family } = subnet;
  const range = block.range === null ? subnet : parseSubnet(block.range);
  const { lowest, highest } = bounds(subnet);
  let [first, last] = [range.base, lastOf(range)];
  if (first < lowest) first = lowest;
  if (last > highest) last = highest;
  const numberOf = (address: string) => parseAddress(address).value;
  const kept = new Set([block.gateway, ...block.reserved].map(numberOf));
  const taken = new Set(kept);
  // Late reuse: what still answers for an old container must not reach a new one.
  let next = first;
  return {
    family,
    take() {
      for (let tries = first; tries <= last; tries++) {
        const candidate = next;
        next = next === last ? first : next + 1n;
        if (taken.has(candidate)) continue;
        taken.add(candidate);
        return formatAddress({ family, value: candidate });
      }
      const setAside = [...kept].filter((one) => one >= first && one <= last).length;
      throw new InroError("NO_FREE_ADDRESS", {
        what: "cannot give the container an address",
        why: `all ${last - first + 1n - BigInt(setAside)} addresses of ${formatSubnet(range)}, the network "${name}", are in use`,
        hint: "remove containers that are not needed, or use another network",
      });
    },
    claim(address) {
      const asked = parseAddress(address);
      const { value } = asked;
      const refuse = (code: string, why: string) => refused(address, code, why);
      if (!contains(subnet, asked) || value < lowest || value > highest)
        throw refuse(
          "INVALID_OPTION",
          `it does not belong to the subnet ${block.subnet} of the network "${name}"`,
        );
      if (kept.has(value))
        throw refuse(
          "ADDRESS_IN_USE",
          `Address already in use: it is the gateway's or set aside in the network "${name}"`,
        );
      if (taken.has(value)) throw refuse("ADDRESS_IN_USE", `Address already in use in the network "${name}"`);
      taken.add(value);
      return formatAddress(asked);
    },
    keep(address) {
      const value = numberOf(address);
      taken.add(value);
      if (value >= next && value < last) next = value + 1n;
    },
    release(address) {
      const value = numberOf(address);
      if (!kept.has(value)) taken.delete(value);
    },
  };
}

function refused(address: string, code: string, why: string): InroError {
  const at = familyOf(address) === 4 ? "--ip" : "--ip6";
  return new InroError(code, { what: `cannot give the container the address ${address}`, why, at });
}

const noSuchFamily = (name: string, address: string) =>
  refused(address, "INVALID_OPTION", `the network "${name}" has no IPv${familyOf(address)}`);

/**
 * A hardware address that belongs to a connection's first address: no neighbour's table ever goes stale when that is given
 * again. IPv4's is in it; of IPv6, whose 128 bits do not fit, a hash.
 */
export function macOf(address: string): string {
  const own = addressBytes(address);
  const bytes = familyOf(address) === 4 ? own : createHash("sha256").update(own).digest().subarray(0, 4);
  return [0x02, 0x42, ...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(":");
}
