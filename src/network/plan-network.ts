import {
  contains,
  type Family,
  formatAddress,
  formatSubnet,
  openWidth,
  overlaps,
  parseAddress,
  parseSubnet,
  type Subnet,
} from "../oci/address.ts";
import { InroError } from "../oci/error.ts";
import type { Block, Network } from "./attachment.ts";
import { isOnWire } from "./drivers.ts";
import type { NetworkIdentity } from "./identity.ts";
import { chooseSubnet, type Occupied, refuseOverlap } from "./subnet.ts";

/** What a user wants of a network. */
export type NetworkRequest<N extends Network = Network> = Unsettled<N>;

type Unsettled<N> = N extends Network
  ? Omit<N, "blocks"> & { readonly blocks: readonly BlockRequest[] }
  : never;

/** What a user wants of one family's addresses; null is for the engine to choose. */
export interface BlockRequest {
  readonly family: Family;
  readonly subnet: string | null;
  readonly gateway: string | null;
  readonly range: string | null;
  readonly reserved: readonly string[];
}

/** Bits that are left to tell hosts by: the gateway and a container beside what no host may have. */
const LEAST_WIDTH = 2;

/** What is no host's: an interface's own, and groups. */
const unusable = ["0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/3", "::/8", "fe80::/10", "ff00::/8"].map(
  parseSubnet,
);

/** A network whose addresses are settled; nothing is made. INVALID_OPTION, SUBNET_OVERLAPS, NO_FREE_POOL. */
export function planNetwork(
  request: NetworkRequest,
  pools: NetworkIdentity["subnets"],
  occupied: Occupied,
): Network {
  if (request.blocks.length === 0) throw invalid("--ipv4", "it would have neither IPv4 nor IPv6");
  const onWire = isOnWire(request.driver);
  const asked = request.blocks.toSorted((one, other) => one.family - other.family);
  if (!onWire) refuseSeveral(asked);
  const blocks: Block[] = [];
  for (const block of asked) {
    const own = blocks.map(({ subnet }) => ({ name: request.name, subnet: parseSubnet(subnet) }));
    // A wire's subnet is one that the host may reach already.
    const routes = onWire && block.subnet !== null ? [] : occupied.routes;
    const around = { ...occupied, routes, networks: [...own, ...occupied.networks] };
    blocks.push(planBlock(request.name, block, pools, around));
  }
  return { ...request, blocks };
}

/** One of a network's blocks, settled. INVALID_OPTION, SUBNET_OVERLAPS, NO_FREE_POOL. */
export function planBlock(
  name: string,
  block: BlockRequest,
  pools: NetworkIdentity["subnets"],
  occupied: Occupied,
): Block {
  if (block.subnet === null) return settled(block, chooseSubnet(name, pools[block.family], occupied));
  const subnet = askedSubnet(block.subnet, name);
  refuseOverlap(name, subnet, occupied);
  return settled(block, subnet);
}

/** A bridge has one address of a family, and its containers one gateway. */
function refuseSeveral(blocks: readonly BlockRequest[]): void {
  const more = blocks.find(({ family }, at) => blocks[at - 1]?.family === family);
  if (more !== undefined)
    throw invalid(
      "--subnet",
      `a network on a bridge has one subnet of IPv4 and one of IPv6, not several of IPv${more.family}`,
    );
}

function settled(block: BlockRequest, subnet: Subnet): Block {
  const inside = (text: string, at: string): string => {
    const address = asked(() => parseAddress(text), at);
    if (contains(subnet, address)) return formatAddress(address);
    throw invalid(at, `${text} is not in the subnet ${formatSubnet(subnet)}`);
  };
  const range = block.range === null ? null : asked(() => parseSubnet(block.range ?? ""), "--ip-range");
  if (range !== null && (!overlaps(subnet, range) || range.prefix < subnet.prefix))
    throw invalid("--ip-range", `${formatSubnet(range)} is not a part of the subnet ${formatSubnet(subnet)}`);
  return {
    subnet: formatSubnet(subnet),
    gateway: block.gateway === null ? gatewayOf(subnet) : inside(block.gateway, "--gateway"),
    range: range === null ? null : formatSubnet(range),
    reserved: block.reserved.map((address) => inside(address, "--aux-address")),
  };
}

/** A subnet's first address. */
export const gatewayOf = ({ family, base }: Subnet): string => formatAddress({ family, value: base + 1n });

function askedSubnet(text: string, name: string): Subnet {
  const subnet = asked(() => parseSubnet(text), "--subnet");
  const taken = unusable.find((block) => overlaps(block, subnet));
  if (openWidth(subnet) < LEAST_WIDTH)
    throw invalid("--subnet", `${text} has no room for the gateway and a container of the network ${name}`);
  if (taken !== undefined)
    throw invalid("--subnet", `no host can have addresses of ${formatSubnet(taken)}, which ${text} touches`);
  return subnet;
}

function asked<T>(read: () => T, at: string): T {
  try {
    return read();
  } catch (cause) {
    throw cause instanceof InroError ? invalid(at, `${cause.what}: ${cause.why}`) : cause;
  }
}

const invalid = (at: string, why: string) =>
  new InroError("INVALID_OPTION", { what: "cannot make the network", why, at });
