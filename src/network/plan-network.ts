import {
  contains,
  formatIpv4,
  formatSubnet,
  overlaps,
  parseIpv4,
  parseSubnet,
  type Subnet,
} from "../kernel/netlink/address.ts";
import { InroError } from "../oci/error.ts";
import type { Network } from "./attachment.ts";
import { isOnWire } from "./drivers.ts";
import { chooseSubnet, type Occupied, refuseOverlap } from "./subnet.ts";

/** What a user wants of a network; null is for the engine to choose. */
export type NetworkRequest<N extends Network = Network> = Unsettled<N>;

type Unsettled<N> = N extends Network
  ? Omit<N, "subnet" | "gateway"> & { readonly subnet: string | null; readonly gateway: string | null }
  : never;

/** Two addresses for hosts: the gateway's and a container's. */
const LONGEST_PREFIX = 30;

/** A network whose addresses are settled; nothing is made. INVALID_OPTION, SUBNET_OVERLAPS, NO_FREE_POOL. */
export function planNetwork(request: NetworkRequest, pools: readonly Subnet[], occupied: Occupied): Network {
  const { name } = request;
  const subnet =
    request.subnet === null ? chooseSubnet(name, pools, occupied) : askedSubnet(request.subnet, name);
  const wire = isOnWire(request.driver) ? { routes: [] } : {};
  if (request.subnet !== null) refuseOverlap(name, subnet, { ...occupied, ...wire });
  const inside = (address: string, at: string): string => {
    if (
      contains(
        subnet,
        asked(() => parseIpv4(address), at),
      )
    )
      return address;
    throw invalid(at, `${address} is not in the subnet ${formatSubnet(subnet)}`);
  };
  const range = request.range === null ? null : asked(() => parseSubnet(request.range ?? ""), "--ip-range");
  if (range !== null && (!overlaps(subnet, range) || range.prefix < subnet.prefix))
    throw invalid("--ip-range", `${formatSubnet(range)} is not a part of the subnet ${formatSubnet(subnet)}`);
  return {
    ...request,
    subnet: formatSubnet(subnet),
    gateway: request.gateway === null ? gatewayOf(subnet) : inside(request.gateway, "--gateway"),
    range: range === null ? null : formatSubnet(range),
    reserved: request.reserved.map((address) => inside(address, "--aux-address")),
  };
}

/** A subnet's first address. */
export const gatewayOf = (subnet: Subnet): string => formatIpv4(subnet.base + 1);

function askedSubnet(text: string, name: string): Subnet {
  const subnet = asked(() => parseSubnet(text), "--subnet");
  if (subnet.prefix <= LONGEST_PREFIX && subnet.prefix > 0) return subnet;
  throw invalid("--subnet", `${text} has no room for the gateway and a container of the network ${name}`);
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
