import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { isIPv4, isIPv6 } from "node:net";
import { join } from "node:path";
import { type Family, formatSubnet, parseAddress, parseSubnet, subnetOf } from "../oci/address.ts";
import { InroError } from "../oci/error.ts";
import type { BridgeNetwork } from "./attachment.ts";
import type { NetworkIdentity } from "./identity.ts";
import { type BlockRequest, planBlock } from "./plan-network.ts";
import type { Occupied } from "./subnet.ts";

/** How the network is to be that every engine has. */
export interface DefaultNetworkRequest {
  /** The host's address in it and the width of its subnet, `10.1.0.1/24`; none: a block that nothing uses. */
  readonly address?: string | undefined;
  readonly ipv6?: boolean | undefined;
  /** The same of IPv6, which it then has. */
  readonly address6?: string | undefined;
}

export const defaultFamilies = ({ ipv6 = false, address6 }: DefaultNetworkRequest): readonly Family[] =>
  ipv6 || address6 !== undefined ? [4, 6] : [4];

/** Subnets that were chosen, as `network.json` in the data root keeps them. */
type Chosen = Partial<Record<`subnet${Family}`, string>>;

const pathOf = (root: string) => join(root, "network.json");

const chosenBefore = (root: string): Chosen =>
  existsSync(pathOf(root)) ? (JSON.parse(readFileSync(pathOf(root), "utf8")) as Chosen) : {};

/** Whether its blocks were chosen already: nobody else gets them then. */
export const isSettled = (root: string): boolean => existsSync(pathOf(root));

/**
 * The network that every engine has. Its blocks are chosen once for a data root and kept: containers' addresses are recorded.
 * INVALID_OPTION, SUBNET_OVERLAPS, NO_FREE_POOL.
 */
export function defaultNetwork(
  root: string,
  identity: NetworkIdentity,
  request: DefaultNetworkRequest,
  occupied: Occupied,
): BridgeNetwork {
  const before = chosenBefore(root);
  const bridge = identity.interface;
  const routes = occupied.routes.filter((route) => route.interface !== bridge);
  const blocks = defaultFamilies(request).map((family) => {
    // A block that our bridge already has is kept: containers live there.
    const standing = occupied.routes.find(
      (route) => route.interface === bridge && route.subnet.family === family,
    );
    const known =
      before[`subnet${family}`] ?? (standing === undefined ? null : formatSubnet(standing.subnet));
    const asked = family === 4 ? request.address : request.address6;
    const wanted = asked === undefined ? { subnet: known, gateway: null } : blockAround(asked, family);
    const block: BlockRequest = { ...wanted, family, range: null, reserved: [] };
    // What was chosen before stays, whatever the host has got since.
    const isKept = known !== null && wanted.subnet === known;
    const others = isKept ? { ...occupied, routes: [], networks: [] } : { ...occupied, routes };
    return planBlock(bridge, block, identity.subnets, others);
  });
  const chosen: Chosen = Object.fromEntries(
    blocks.map(({ subnet }) => [`subnet${parseSubnet(subnet).family}`, subnet]),
  );
  if (blocks.some(({ subnet }) => !Object.values(before).includes(subnet)))
    write(pathOf(root), { ...before, ...chosen });
  return {
    ...{ name: "bridge", driver: "bridge", interface: bridge, blocks, mtu: null },
    ...{ internal: false, open: true, publishOn: "", masquerade: true },
  };
}

function write(path: string, chosen: Chosen): void {
  writeFileSync(`${path}.new`, JSON.stringify(chosen), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** INVALID_OPTION: before anything is made. */
export function checkDefaultRequest({ address, address6 }: DefaultNetworkRequest): void {
  if (address !== undefined) blockAround(address, 4);
  if (address6 !== undefined) blockAround(address6, 6);
}

const forms = {
  4: { is: isIPv4, width: 32, at: "--bip", example: "10.1.0.1/24" },
  6: { is: isIPv6, width: 128, at: "--bip6", example: "fd00:1::1/64" },
} as const;

/** A host's address and the width of its subnet. */
function blockAround(text: string, family: Family): { subnet: string; gateway: string } {
  const { is, width, at, example } = forms[family];
  const [gateway = "", bits = ""] = text.split("/");
  const isWhole = is(gateway) && !gateway.includes("%") && /^\d{1,3}$/.test(bits) && Number(bits) <= width;
  const subnet = isWhole ? subnetOf(parseAddress(gateway), Number(bits)) : undefined;
  if (subnet !== undefined && subnet.base !== parseAddress(gateway).value)
    return { subnet: formatSubnet(subnet), gateway };
  throw new InroError("INVALID_OPTION", {
    what: `cannot give the default network the address "${text}"`,
    why: `it is not a host's IPv${family} address with its subnet's width, such as ${example}`,
    at,
  });
}
