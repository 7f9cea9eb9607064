import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { getLinks } from "../kernel/netlink/link.ts";
import type { BridgeNetwork } from "./attachment.ts";
import { has } from "./bridge.ts";
import type { Executor } from "./lasting-executor.ts";
import { linksIn, route } from "./operations.ts";

const IPV4 = "/proc/sys/net/ipv4/ip_forward";
const INTERFACES = "/proc/sys/net/ipv6/conf";
const IPV6 = `${INTERFACES}/all/forwarding`;

/** Lets the kernel pass packets between the network's bridge and the world; answers what it changed on the host, in words. */
export async function enableForwarding(
  executor: Executor,
  network: BridgeNetwork,
): Promise<readonly string[]> {
  const told: string[] = [];
  if (has(network, 4) && read(IPV4) !== "1") {
    writeFileSync(IPV4, "1");
    told.push("net.ipv4.ip_forward was 0; it is now 1, since containers reach the world through the host");
  }
  if (has(network, 6) && read(IPV6) !== "1") {
    const kept = await keepRouters(executor);
    writeFileSync(IPV6, "1");
    const also =
      kept.length === 0
        ? ""
        : `; accept_ra of ${kept.join(", ")} is now 2, so that the host keeps its routers`;
    told.push(
      `net.ipv6.conf.all.forwarding was 0; it is now 1, since containers reach the world through the host${also}`,
    );
  }
  return told;
}

/**
 * Documentation/networking/ip-sysctl.rst, accept_ra: an interface that forwards takes no router's advertisements unless it
 * is 2, and forgets those that it has. Interfaces that take them now go on; no other begins to, nor will one that comes
 * later. Ports of bridges, containers' ends among them, never have a router of their own.
 */
async function keepRouters(executor: Executor): Promise<string[]> {
  const [answer] = await executor.batch([
    route([getLinks()], { what: "list interfaces", because: "the network" }),
  ]);
  const links = linksIn(answer);
  const bridges = new Set(links.filter(({ kind }) => kind === "bridge").map(({ index }) => index));
  const taking = links
    .filter(({ name, master }) => name !== "lo" && !bridges.has(master))
    .map(({ name }) => name)
    .filter((name) => parameters.every(([parameter, value]) => read(pathOf(name, parameter)) === value));
  for (const name of taking) writeFileSync(pathOf(name, "accept_ra"), "2");
  return taking;
}

/** Of an interface that takes advertisements. */
const parameters = [
  ["accept_ra", "1"],
  ["forwarding", "0"],
  ["disable_ipv6", "0"],
] as const;

const pathOf = (name: string, parameter: string) => `${INTERFACES}/${name}/${parameter}`;

/** Empty of an interface that has gone meanwhile. */
const read = (path: string) => (existsSync(path) ? readFileSync(path, "utf8").trim() : "");
