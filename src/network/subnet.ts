import { readFileSync } from "node:fs";
import { contains, formatSubnet, overlaps, parseIpv4, type Subnet } from "../kernel/netlink/address.ts";
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
      const base = swapped(destination);
      const prefix = prefixOf(swapped(mask));
      return name === "" || prefix === 0 ? [] : [{ interface: name, subnet: { base, prefix } }];
    });
}

export const hostRoutes = (): HostRoute[] => parseRoutes(readFileSync("/proc/net/route", "utf8"));

function swapped(hex: string): number {
  const bytes = hex.match(/../g) ?? [];
  return Number.parseInt(bytes.reverse().join("") || "0", 16);
}

const prefixOf = (mask: number) => mask.toString(2).replace(/0+$/, "").length;

/**
 * The first candidate that no route of the host touches and no name server of the host lies in. A subnet that our
 * bridge already has is kept: containers live there.
 */
export function chooseSubnet(
  candidates: readonly Subnet[],
  host: { bridge: string; routes: readonly HostRoute[]; nameServers: readonly string[] },
): Subnet {
  const own = host.routes.find((route) => route.interface === host.bridge);
  if (own !== undefined) return own.subnet;
  const servers = host.nameServers.map(parseIpv4);
  const free = candidates.find(
    (candidate) =>
      !host.routes.some((route) => overlaps(route.subnet, candidate)) &&
      !servers.some((server) => contains(candidate, server)),
  );
  if (free === undefined)
    throw new InroError("NO_FREE_POOL", {
      what: `cannot make the network ${host.bridge}`,
      why: `the host has routes into all ${candidates.length} blocks that it could use, from ${describe(candidates)}`,
      hint: "use --network host or none",
    });
  return free;
}

function describe(candidates: readonly Subnet[]): string {
  const [first, last] = [candidates[0], candidates.at(-1)];
  return first === undefined || last === undefined
    ? "none"
    : `${formatSubnet(first)} to ${formatSubnet(last)}`;
}
