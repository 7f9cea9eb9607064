import { createHash } from "node:crypto";
import { resolve } from "node:path";
import { type Family, parseSubnet, type Subnet } from "../oci/address.ts";

/** What an engine's network is called and where its addresses may come from: all derived from its data root. */
export interface NetworkIdentity {
  readonly interface: string;
  /** The bridge's index, so that it is known without asking; high, where the kernel does not count yet. */
  readonly index: number;
  readonly table: string;
  /** In order of preference. */
  readonly subnets: { readonly [F in Family]: readonly Subnet[] };
}

const DEFAULT_ROOT = "/var/lib/inro";
const BLOCKS = 256;
const LOCAL_NETWORKS = 1024;

/** Two engines in one network namespace differ in all of it, and so neither sees the other. */
export function networkIdentity(root: string): NetworkIdentity {
  const hash = createHash("sha256").update(resolve(root)).digest();
  const suffix = hash.toString("hex").slice(0, 8);
  const isDefault = resolve(root) === DEFAULT_ROOT;
  const index = 0x20000000 + (hash.readUInt32BE(8) & 0x1fffffff);
  return {
    interface: isDefault ? "inro0" : `inro-${suffix}`,
    index,
    table: isDefault ? "inro" : `inro_${suffix}`,
    subnets: {
      4: isDefault ? defaultSubnets() : derivedSubnets(hash.readUInt32BE(4)),
      6: localSubnets(hash.subarray(12, 17)),
    },
  };
}

/** RFC 4193: `fd`, 40 bits that nobody else has, and 16 bits to count networks by. */
function localSubnets(globalId: Uint8Array): Subnet[] {
  const site = Uint8Array.of(0xfd, ...globalId).reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  return Array.from({ length: LOCAL_NETWORKS }, (_, number) => ({
    family: 6,
    base: ((site << 16n) | BigInt(number)) << 64n,
    prefix: 64,
  }));
}

/** 172.20.0.0/16 to 172.31.0.0/16, then what a second engine would take. */
function defaultSubnets(): Subnet[] {
  const large = Array.from({ length: 12 }, (_, step) => parseSubnet(`172.${20 + step}.0.0/16`));
  return [...large, ...derivedSubnets(0)];
}

/** Blocks of 4,094 addresses from 10.128.0.0/9, beginning where the hash says. */
function derivedSubnets(hash: number): Subnet[] {
  const blocksInPool = 2 ** (20 - 9);
  const pool = parseSubnet("10.128.0.0/9").base;
  return Array.from({ length: BLOCKS }, (_, step) => ({
    family: 4,
    base: pool + BigInt((hash + step) % blocksInPool) * 4096n,
    prefix: 20,
  }));
}
