import { existsSync, readFileSync } from "node:fs";
import { contains, formatSubnet, overlaps, parseAddress, parseSubnet, type Subnet } from "../oci/address.ts";
import { InroError } from "../oci/error.ts";

export interface HostRoute {
  readonly interface: string;
  readonly subnet: Subnet;
}

/**
 * Reads proc(5)'s /proc/net/route, which shows the reader's own network namespace: numbers in hexadecimal, addresses
 * as the machine (little endian) keeps them. The default route is left out: it covers everything and reserves nothing.
 */
export function parseRoutes(text: string): HostRoute[] {
  return text
    .split("\n")
    .slice(1)
    .flatMap((line) => {
      const [name = "", destination = "", , , , , , mask = ""] = line.trim().split(/\s+/);
      const base = BigInt(swapped(destination));
      const prefix = prefixOf(swapped(mask));
      return name === "" || prefix === 0 ? [] : [{ interface: name, subnet: { family: 4, base, prefix } }];
    });
}

/**
 * The same of /proc/net/ipv6_route: destination and prefix in hexadecimal, …, the interface last. Addresses of the host are
 * routes too; every interface has its own of link-local addresses and of groups, which reserve nothing.
 */
export function parseRoutes6(text: string): HostRoute[] {
  return text.split("\n").flatMap((line) => {
    const row = line.trim().split(/\s+/);
    const [destination = "", bits = ""] = row;
    const prefix = Number.parseInt(bits, 16);
    if (!/^[0-9a-f]{32}$/.test(destination) || !(prefix > 0)) return [];
    const subnet: Subnet = { family: 6, base: BigInt(`0x${destination}`), prefix };
    return everywhere.some((block) => overlaps(block, subnet))
      ? []
      : [{ interface: row.at(-1) ?? "", subnet }];
  });
}

const everywhere = ["fe80::/10", "ff00::/8", "::1/128"].map(parseSubnet);

export const hostRoutes = (): HostRoute[] => [
  ...parseRoutes(textOf("/proc/net/route")),
  ...parseRoutes6(textOf("/proc/net/ipv6_route")),
];

/** A kernel without IPv6 has no such file. */
const textOf = (path: string) => (existsSync(path) ? readFileSync(path, "utf8") : "");

function swapped(hex: string): number {
  const bytes = hex.match(/../g) ?? [];
  return Number.parseInt(bytes.reverse().join("") || "0", 16);
}

const prefixOf = (mask: number) => mask.toString(2).replace(/0+$/, "").length;

/** What of the host and of the engine decides where a network may lie. */
export interface Occupied {
  readonly routes: readonly HostRoute[];
  readonly nameServers: readonly string[];
  readonly networks: readonly { readonly name: string; readonly subnet: Subnet }[];
}

/** The first candidate, all of one family, that no route of the host and no other network touches, and no name server of the host lies in. */
export function chooseSubnet(name: string, candidates: readonly Subnet[], occupied: Occupied): Subnet {
  const servers = occupied.nameServers.map(parseAddress);
  const blocks = [...occupied.routes, ...occupied.networks].map(({ subnet }) => subnet);
  const free = candidates.find(
    (candidate) =>
      !blocks.some((block) => overlaps(block, candidate)) &&
      !servers.some((server) => contains(candidate, server)),
  );
  if (free !== undefined) return free;
  const { networks } = occupied;
  throw new InroError("NO_FREE_POOL", {
    what: `cannot make the network ${name}`,
    why:
      `routes of the host and ${networks.length} other networks take all ${candidates.length} blocks that it could ` +
      `use, from ${describe(candidates)}`,
    hint: "remove networks that are not needed (network prune), or choose a --subnet",
  });
}

/**
 * Whether a network may lie where a user wants it. A wider route of the host is none of its business: the narrower one
 * of our bridge wins, and that is what was asked for. SUBNET_OVERLAPS names the conflict.
 */
export function refuseOverlap(name: string, subnet: Subnet, { networks, routes }: Occupied): void {
  const network = networks.find((other) => overlaps(other.subnet, subnet));
  const route = routes.find((one) => overlaps(one.subnet, subnet) && one.subnet.prefix >= subnet.prefix);
  const why =
    network !== undefined
      ? `Pool overlaps with other one on this address space: ${formatSubnet(network.subnet)} of the network "${network.name}"`
      : route !== undefined
        ? `the host reaches ${formatSubnet(route.subnet)} through ${route.interface}`
        : undefined;
  if (why === undefined) return;
  throw new InroError("SUBNET_OVERLAPS", {
    what: `cannot make the network ${name} in ${formatSubnet(subnet)}`,
    why,
    hint: "choose another --subnet, or none to get a free one",
    at: "--subnet",
  });
}

function describe(candidates: readonly Subnet[]): string {
  const [first, last] = [candidates[0], candidates.at(-1)];
  return first === undefined || last === undefined
    ? "none"
    : `${formatSubnet(first)} to ${formatSubnet(last)}`;
}
