import { statSync } from "node:fs";
import { hostServers } from "../container-files.ts";
import { isLoopback } from "../resolver.ts";

let known: { readonly stamp: string; readonly servers: readonly string[] } = { stamp: "", servers: [] };

/**
 * Who is asked what we do not know: those of `--dns`, else the host's, as it has them now: a host that has moved to another
 * network takes its containers along. An address of `--dns` on loopback is one of the container's own.
 */
export function upstreamServers(dns: readonly string[]): readonly string[] {
  const asked = dns.filter((server) => !isLoopback(server));
  if (asked.length > 0) return asked;
  const stamp = stampOf("/etc/resolv.conf");
  if (stamp !== known.stamp) known = { stamp, servers: hostServers() };
  return known.servers;
}

function stampOf(path: string): string {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found === undefined ? "none" : `${found.dev} ${found.ino} ${found.mtimeNs} ${found.size}`;
}
