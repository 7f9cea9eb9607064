import type { Bandwidth } from "../../network/network.ts";
import type { Family } from "../../oci/address.ts";
import { InroError } from "../../oci/error.ts";
import type { Core } from "../core.ts";
import type { NetworkDetails } from "../engine.ts";
import type { Entry } from "../entry.ts";
import type { ContainerOptions, EndpointOption, NetworkMode } from "../options.ts";
import { named } from "../shelf.ts";

/** The network that a mode names; null where the namespace is another container's. */
export function modeNetwork(mode: NetworkMode): string | null {
  if (mode.kind === "container") return null;
  return mode.kind === "network" ? mode.name : mode.kind;
}

/** In a namespace of its own, whatever it is connected with. */
export const hasOwnNetwork = ({ network }: ContainerOptions): boolean =>
  network.kind !== "host" && network.kind !== "container";

/** Where a container is to be connected, in the order of its interfaces. */
export function endpointsOf({ origin, fortune }: Entry): readonly EndpointOption[] {
  return fortune.endpoints ?? endpointsOfOptions(origin.options);
}

export function endpointsOfOptions({ network, endpoints }: ContainerOptions): readonly EndpointOption[] {
  const main = modeNetwork(network);
  if (main === null) return [];
  const own = endpoints.find((endpoint) => endpoint.network === main) ?? plainEndpoint(main);
  return [own, ...endpoints.filter((endpoint) => endpoint.network !== main)];
}

/** The networks among them that a container is connected with: not `host`, nor `none`. */
export const connectable = (endpoints: readonly EndpointOption[]): readonly string[] =>
  endpoints.map(({ network }) => network).filter((name) => name !== "host" && name !== "none");

export const plainEndpoint = (network: string): EndpointOption => ({
  network,
  addresses: [],
  mac: null,
  aliases: [],
  links: [],
  gatewayPriority: 0,
});

/** Every network by its name; what does not go together is refused. INVALID_OPTION, NETWORK_CONFLICT. */
export function settleNetworks(core: Core, options: ContainerOptions): ContainerOptions {
  const { network } = options;
  if (network.kind === "container") {
    if (isLimited(options.bandwidth)) throw unlimited("the limit is that container's to have");
    return options;
  }
  const nameOf = (name: string) => named("--network", () => core.networkShelf.find(name)).name;
  const endpoints = options.endpoints.map((endpoint) => ({ ...endpoint, network: nameOf(endpoint.network) }));
  const mode: NetworkMode = network.kind === "network" ? modeOf(nameOf(network.name)) : network;
  const settled = { ...options, network: mode, endpoints };
  const all = endpointsOfOptions(settled);
  for (const endpoint of all) checkEndpoint(core.networkShelf.find(endpoint.network), endpoint);
  const lone = all.find(({ network: name }) => name === "host" || name === "none");
  if (lone !== undefined && all.length > 1) throw conflict(lone.network);
  for (const { network: name } of all) checkBandwidth(core.networkShelf.find(name), options.bandwidth);
  return settled;
}

export function modeOf(name: string): NetworkMode {
  return name === "bridge" || name === "host" || name === "none" ? { kind: name } : { kind: "network", name };
}

export function conflict(network: string): InroError {
  return new InroError("NETWORK_CONFLICT", {
    what: "cannot connect the container with these networks",
    why: `container cannot be connected to multiple networks with one of the networks in private (${network}) mode`,
    at: "--network",
  });
}

/** dockerd's rules, in its words. */
export function checkEndpoint(network: NetworkDetails, endpoint: EndpointOption): void {
  const invalid = (at: string, why: string) =>
    new InroError("INVALID_OPTION", {
      what: `cannot connect the container with the network "${network.name}"`,
      why,
      at,
    });
  if (endpoint.addresses.length > 0 && network.predefined)
    throw invalid("--ip", "user specified IP address is supported on user defined networks only");
  if (endpoint.aliases.length > 0 && network.predefined)
    throw invalid("--network-alias", "network-scoped aliases are only supported for user-defined networks");
  if (endpoint.mac !== null && (Number.parseInt(endpoint.mac.slice(0, 2), 16) & 1) === 1)
    throw invalid("--mac-address", `${endpoint.mac} is the address of a group, not of an interface`);
}

export const isLimited = (bandwidth: Bandwidth): boolean => bandwidth.in !== null || bandwidth.out !== null;

/** Only what passes a pair of ours can be held back on the host's side of it. INVALID_OPTION. */
export function checkBandwidth(network: NetworkDetails, bandwidth: Bandwidth): void {
  if (!isLimited(bandwidth) || network.driver === "bridge" || network.driver === "null") return;
  if (network.driver === "host") throw unlimited("in the network host it has the host's interfaces");
  throw unlimited(`the network "${network.name}" (${network.driver}) does not lead through the host's side`);
}

const unlimited = (why: string) =>
  new InroError("INVALID_OPTION", {
    what: "cannot limit the container's bandwidth",
    why,
    hint: "bridge networks can",
    at: "--network-bandwidth",
  });

/** The one that publishes ports: by priority, then by name, and never an internal one. */
export const gatewayAmong = <E extends EndpointOption>(core: Core, endpoints: readonly E[]): E | undefined =>
  inOrder(core, endpoints)[0];

/** The one that the default route of a family leads through: the first by the same order that has the family. */
export const leaderAmong = <E extends EndpointOption>(
  core: Core,
  endpoints: readonly E[],
  family: Family,
): E | undefined =>
  inOrder(core, endpoints).find(({ network }) => core.networks.familiesOf(network).includes(family));

const inOrder = <E extends EndpointOption>(core: Core, endpoints: readonly E[]): E[] =>
  endpoints
    .filter(({ network }) => core.networkShelf.byName(network)?.settled?.internal !== true)
    .toSorted((a, b) => b.gatewayPriority - a.gatewayPriority || (a.network < b.network ? -1 : 1));
