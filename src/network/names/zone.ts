import { contains, parseSubnet } from "../../oci/address.ts";
import { reversed, reverseName } from "./reverse.ts";

/** One container in a network, or what else has names there. */
export interface Host {
  /** The first is the one that its address leads back to. */
  readonly names: readonly string[];
  /** IPv4 and IPv6. */
  readonly addresses: readonly string[];
}

interface Found {
  readonly A: readonly string[];
  readonly AAAA: readonly string[];
}

/** The names of one network. */
export interface Zone {
  /** undefined: no such name; a known one may have no address of a kind. */
  find(name: string): Found | undefined;
  /** By the name that asks for it (`5.0.20.172.in-addr.arpa`). null: an address of the network that nobody has. */
  reverse(name: string): string | null | undefined;
}

/** `name` and `name.network` for each of the hosts' names. Subnets: `172.20.0.0/16`. */
export function zoneOf(network: string, subnets: readonly string[], hosts: readonly Host[]): Zone {
  const found = new Map<string, { A: string[]; AAAA: string[] }>();
  const reverse = new Map<string, string>();
  const blocks = subnets.map(parseSubnet);
  for (const { names, addresses } of hosts) {
    for (const name of new Set(names.flatMap((one) => [one, `${one}.${network}`]))) {
      const known = found.get(name.toLowerCase()) ?? { A: [], AAAA: [] };
      for (const address of addresses) known[address.includes(":") ? "AAAA" : "A"].push(address);
      found.set(name.toLowerCase(), known);
    }
    for (const address of addresses) reverse.set(reverseName(address), `${names[0]}.${network}`);
  }
  return {
    find: (name) => found.get(name),
    reverse: (name) => {
      const known = reverse.get(name);
      if (known !== undefined) return known;
      const address = reversed(name);
      return address !== undefined && blocks.some((block) => contains(block, address)) ? null : undefined;
    },
  };
}
