import { InroError } from "../../oci/error.ts";
import type { Core } from "../core.ts";
import type { Entry } from "../entry.ts";
import { settledLinks } from "../links/links.ts";
import {
  endpointsOf,
  endpointsOfOptions,
  hasOwnNetwork,
  modeNetwork,
  modeOf,
} from "../networks/endpoints.ts";
import { connect, disconnect } from "../networks/join.ts";
import type { ContainerOptions, EndpointOption, NetworkMode } from "../options.ts";
import type { ContainerFortune } from "../records.ts";
import { takeTurn } from "../turn.ts";
import type { Change } from "./changes.ts";

export interface NetworkEdit {
  /** null: the one that it has. Another one is with these networks alone. */
  readonly mode: NetworkMode | null;
  /** One that it is in already is joined anew, as is said here. */
  readonly connect: readonly EndpointOption[];
  /** By name or id. */
  readonly disconnect: readonly string[];
}

export const moves = ({ mode, connect, disconnect }: NetworkEdit): boolean =>
  mode !== null || connect.length + disconnect.length > 0;

/** Where it is to be. INVALID_OPTION, NO_SUCH_NETWORK. */
export function editedNetworks(
  core: Core,
  entry: Entry,
  asked: NetworkEdit,
): Pick<ContainerOptions, "network" | "endpoints"> {
  const { network, endpoints: made } = entry.origin.options;
  const { mode, connect, disconnect } = asked;
  if (!moves(asked)) return { network, endpoints: made };
  const linked = connect.map((one) => ({ ...one, links: settledLinks(core, one.links) }));
  if (mode !== null) return { network: mode, endpoints: linked };
  const current = endpointsOf(entry);
  const nameOf = (name: string) => core.networkShelf.find(name).name;
  const gone = disconnect.map(nameOf);
  for (const name of gone)
    if (current.every((one) => one.network !== name))
      throw refused(entry, `it is not in the network "${name}"`);
  const fresh = linked.map((one) => ({ ...one, network: nameOf(one.network) }));
  // What is in another's network, or the host's, or in none leaves it for one of its own.
  const own =
    connect.length > 0 ? current.filter((one) => one.network !== "host" && one.network !== "none") : current;
  const stay = own
    .filter((one) => !gone.includes(one.network))
    .map((one) => fresh.find((other) => other.network === one.network) ?? one);
  const endpoints = [...stay, ...fresh.filter((one) => !stay.includes(one))];
  if (endpoints.length === 0)
    throw refused(entry, "it would be in no network any more", "that is --network none, with a restart");
  return { network: mainOf(network, endpoints), endpoints };
}

/** The network that its mode names while it is in that, else the first one. */
function mainOf(mode: NetworkMode, endpoints: readonly EndpointOption[]): NetworkMode {
  if (endpoints.some(({ network }) => network === modeNetwork(mode))) return mode;
  return modeOf(endpoints[0]?.network ?? "none");
}

/** A namespace of its own can be connected while its program runs. */
export function networkChanges(
  was: readonly EndpointOption[],
  { before, after }: { readonly before: ContainerOptions; readonly after: ContainerOptions },
): readonly Change[] {
  const is = endpointsOfOptions(after);
  const isOpen = (options: ContainerOptions) => hasOwnNetwork(options) && options.network.kind !== "none";
  const when = isOpen(before) && isOpen(after) ? "live" : "restart";
  const texts = (options: ContainerOptions, endpoints: readonly EndpointOption[]) =>
    options.network.kind === "container"
      ? new Map([[`container:${options.network.container.slice(0, 12)}`, ""]])
      : new Map(endpoints.map((one) => [one.network, endpointText(one)]));
  const [from, to] = [texts(before, was), texts(after, is)];
  return [...new Set([...from.keys(), ...to.keys()])]
    .filter((of) => from.get(of) !== to.get(of))
    .map((of) => ({ kind: "network", of, from: from.get(of) ?? null, to: to.get(of) ?? null, when }));
}

function endpointText({ addresses, mac, aliases, links, gatewayPriority }: EndpointOption): string {
  return [
    ...addresses,
    ...(mac === null ? [] : [mac]),
    ...aliases.map((alias) => `alias ${alias}`),
    ...links.map(({ name, alias }) => `link ${name}:${alias}`),
    ...(gatewayPriority === 0 ? [] : [`gateway priority ${gatewayPriority}`]),
  ].join(", ");
}

/**
 * Connects and disconnects it until it is where it is wanted, and gives it back what it had there `before`. Of a container
 * that runs, not in its turn.
 */
export async function moveTo(
  core: Core,
  entry: Entry,
  wanted: readonly EndpointOption[],
  before: ContainerFortune["attachments"] = [],
): Promise<void> {
  const key = (one: EndpointOption) => JSON.stringify([one.network, endpointText(one)]);
  const find = (name: string) => core.networkShelf.find(name);
  await takeTurn(core, entry, async () => {
    const stays = new Set(wanted.map(key));
    const is = endpointsOf(entry);
    const there = new Set(is.map(key));
    const come = wanted.filter((one) => !there.has(key(one)));
    const leave = is.filter((one) => !stays.has(key(one)));
    const isAgain = (one: EndpointOption) => leave.some(({ network }) => network === one.network);
    const join = async (one: EndpointOption) => {
      const as = before.find(({ network }) => network === one.network);
      if (as === undefined) return connect(core, entry, find(one.network), one);
      // Somebody else may have its address by now.
      await connect(core, entry, find(one.network), one, as).catch(() =>
        connect(core, entry, find(one.network), one),
      );
    };
    // First what is new: its way out is never cut where it need not be.
    for (const one of come.filter((one) => !isAgain(one))) await join(one);
    for (const one of leave) await disconnect(core, entry, find(one.network));
    for (const one of come.filter(isAgain)) await join(one);
  });
}

function refused({ name }: Entry, why: string, hint?: string): InroError {
  return new InroError("INVALID_OPTION", {
    what: `cannot edit the container "${name}"`,
    why,
    at: "--network",
    ...(hint === undefined ? {} : { hint }),
  });
}
