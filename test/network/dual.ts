import type { BridgeNetwork, NetworkRequest } from "../../src/network/network.ts";
import { command, type Other, otherNetwork } from "./namespace.ts";
import { block, type Engine, neighbour } from "./setting.ts";

const dual = [block(), block({ family: 6 })];

/** A bridge network of both families, as far as nothing else is said. */
export async function make(
  { networks }: Engine,
  name: string,
  change: Partial<NetworkRequest<BridgeNetwork>> = {},
) {
  const network = networks.reserve({
    ...{ name, driver: "bridge", interface: `br-${name}`, blocks: dual, mtu: null, publishOn: "" },
    ...{ internal: false, open: true, masquerade: true },
    ...change,
  });
  await networks.make(network);
  return network;
}

/** The host, and another one, on their wire. */
export const OURS = ["198.51.100.1", "2001:db8:1::1"] as const;
export const THEIRS = ["198.51.100.2", "2001:db8:1::2"] as const;

/** A host on our wire that has us as its router for both families. */
export async function world(scope: DisposableStack): Promise<Other> {
  const other = await neighbour(scope, OURS[0], THEIRS[0]);
  const wire = command("ip", "-o", "link").match(/wire\d+(?=@)/)?.[0] ?? "";
  // Link-local ones too: whoever forwards asks for neighbours with them, and their test for others takes a second.
  for (const address of ["fe80::1", OURS[1]])
    command("ip", "address", "add", `${address}/64`, "dev", wire, "nodad");
  for (const address of ["fe80::2", THEIRS[1]])
    other.run("ip", "address", "add", `${address}/64`, "dev", "wire", "nodad");
  other.run("ip", "route", "add", "default", "via", OURS[1]);
  return other;
}

/** The host behind that one, whose wire takes packets of 1300 bytes. */
export const BEYOND = ["203.0.113.2", "2001:db8:2::2"] as const;

export async function behindNarrow(scope: DisposableStack, outside: Other): Promise<Other> {
  const beyond = scope.use(await otherNetwork());
  outside.run(
    "sh",
    "-c",
    "echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding",
  );
  const pair = ["type", "veth", "peer", "name", "narrow", "netns", String(beyond.pid)];
  outside.run("ip", "link", "add", "far", ...pair);
  for (const [host, dev, last] of [
    [outside, "far", 1],
    [beyond, "narrow", 2],
  ] as const) {
    host.run("ip", "address", "add", `203.0.113.${last}/24`, "dev", dev);
    host.run("ip", "address", "add", `2001:db8:2::${last}/64`, "dev", dev, "nodad");
    host.run("ip", "link", "set", dev, "up");
  }
  outside.run("ip", "link", "set", "far", "mtu", "1300");
  beyond.run("ip", "route", "add", "default", "via", "203.0.113.1");
  beyond.run("ip", "route", "add", "default", "via", "2001:db8:2::1");
  command("ip", "route", "add", "203.0.113.0/24", "via", THEIRS[0]);
  command("ip", "route", "add", "2001:db8:2::/64", "via", THEIRS[1]);
  return beyond;
}
