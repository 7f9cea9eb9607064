import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { formatSubnet, parseSubnet, type Subnet } from "../oci/address.ts";
import type { BridgeNetwork } from "./attachment.ts";
import type { NetworkIdentity } from "./identity.ts";
import { gatewayOf } from "./plan-network.ts";
import { chooseSubnet, type Occupied } from "./subnet.ts";

const pathOf = (root: string) => join(root, "network.json");

/** The default network's block, where it was chosen already. */
export function knownSubnet(root: string): Subnet | undefined {
  const path = pathOf(root);
  if (!existsSync(path)) return undefined;
  return parseSubnet((JSON.parse(readFileSync(path, "utf8")) as { subnet: string }).subnet);
}

/** The network that every engine has. Its block is chosen once for a data root and kept: containers' addresses are recorded. */
export function defaultNetwork(
  root: string,
  identity: NetworkIdentity,
  occupied: () => Occupied,
): BridgeNetwork {
  const subnet = knownSubnet(root) ?? choose(root, identity, occupied());
  return {
    name: "bridge",
    driver: "bridge",
    interface: identity.interface,
    blocks: [{ subnet: formatSubnet(subnet), gateway: gatewayOf(subnet), range: null, reserved: [] }],
    internal: false,
    open: true,
    publishOn: "",
    masquerade: true,
    mtu: null,
  };
}

function choose(root: string, identity: NetworkIdentity, occupied: Occupied): Subnet {
  // A block that our bridge already has is kept: containers live there.
  const own = occupied.routes.find(
    (route) => route.interface === identity.interface && route.subnet.family === 4,
  );
  const subnet = own?.subnet ?? chooseSubnet(identity.interface, identity.subnets[4], occupied);
  const path = pathOf(root);
  writeFileSync(`${path}.new`, JSON.stringify({ subnet: formatSubnet(subnet) }), { mode: 0o600 });
  renameSync(`${path}.new`, path);
  return subnet;
}
