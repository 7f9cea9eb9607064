import { existsSync, readFileSync } from "node:fs";

/**
 * Interfaces that a default route of the host leads through: where the world is (proc(5), /proc/net/route; of IPv6
 * /proc/net/ipv6_route: destination, its prefix, …, the interface). They show the reader's own network namespace.
 */
export function uplinks(): readonly string[] {
  const rows = (path: string) =>
    existsSync(path)
      ? readFileSync(path, "utf8")
          .split("\n")
          .map((line) => line.trim().split(/\s+/))
      : [];
  const four = rows("/proc/net/route")
    .filter(([, to, , , , , , mask]) => to === "00000000" && mask === "00000000")
    .map(([name = ""]) => name);
  // Unreachable ones lead through lo.
  const six = rows("/proc/net/ipv6_route")
    .filter(([to, prefix]) => to === "0".repeat(32) && prefix === "00")
    .map((row) => row.at(-1) ?? "")
    .filter((name) => name !== "lo");
  return [...new Set([...four, ...six])];
}
