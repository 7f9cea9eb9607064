import { createHash } from "node:crypto";
import {
  addressBytes,
  contains,
  type Family,
  families,
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
  readonly block: Block;
  readonly family: Family;
  /** Whether the address is one of its subnet. */
  covers(address: string): boolean;
  /** NO_FREE_ADDRESS. */
  take(): string;
  /** This very one. ADDRESS_IN_USE, INVALID_OPTION. */
  claim(address: string): string;
  /** Marks an address that a container of an earlier daemon still has. */
  keep(address: string): void;
  release(address: string): void;
}

/** An address, and the block that it is from. */
export interface TakenAddress {
  readonly address: string;
  readonly block: Block;
}

/** The same of all of a network's blocks; a container has an address of each family. */
export interface AddressPools {
  /**
   * IPv4 before IPv6; of those asked for, one of a family at most. Of several blocks of a family the first that has a free one.
   * NO_FREE_ADDRESS, ADDRESS_IN_USE, INVALID_OPTION.
   */
  take(asked: readonly string[]): readonly TakenAddress[];
  keep(addresses: readonly string[]): void;
  release(addresses: readonly string[]): void;
}

export function addressPools({ name, blocks }: Pick<Network, "name" | "blocks">): AddressPools {
  const pools = blocks.map((block) => addressPool(name, block));
  const each = (addresses: readonly string[], work: (pool: AddressPool, address: string) => void) => {
    for (const address of addresses) for (const pool of pools) if (pool.covers(address)) work(pool, address);
  };
  const release: AddressPools["release"] = (addresses) =>
    each(addresses, (pool, address) => pool.release(address));
  return {
    take(asked) {
      for (const address of asked)
        if (!pools.some(({ family }) => family === familyOf(address))) throw noSuchFamily(name, address);
      const taken: TakenAddress[] = [];
      try {
        for (const family of families) {
          const own = pools.filter((pool) => pool.family === family);
          const wanted = asked.find((address) => familyOf(address) === family);
          if (own.length > 0) taken.push(wanted === undefined ? takeOne(own) : claimOne(own, wanted));
        }
        return taken;
      } catch (error) {
        release(taken.map(({ address }) => address));
        throw error;
      }
    },
    keep: (addresses) => each(addresses, (pool, address) => pool.keep(address)),
    release,
  };
}

/** NO_FREE_ADDRESS. */
function takeOne([pool, ...others]: readonly AddressPool[]): TakenAddress {
  if (pool === undefined) throw new Error("there is no block to take an address from");
  try {
    return { address: pool.take(), block: pool.block };
  } catch (error) {
    if (others.length === 0) throw error;
    return takeOne(others);
  }
}

/** What belongs to none of them the first refuses. */
function claimOne(pools: readonly AddressPool[], address: string): TakenAddress {
  const pool = pools.find((one) => one.covers(address)) ?? pools[0];
  if (pool === undefined) throw new Error("there is no block to take an address from");
  return { address: pool.claim(address), block: pool.block };
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
    block,
    family,
    covers: (address) => contains(subnet, parseAddress(address)),
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
