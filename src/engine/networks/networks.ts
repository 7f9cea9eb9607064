import { InroError } from "../../oci/error.ts";
import type { Core } from "../core.ts";
import type { ContainerDetails, EngineNetworks, Filters, NetworkDetails } from "../engine.ts";
import type { Entry } from "../entry.ts";
import { matchesFilters, matchesLabel } from "../event-filter.ts";
import { tellNetwork } from "../life/told.ts";
import { settledLinks } from "../links/links.ts";
import { details } from "../look/details.ts";
import { checkFilters } from "../look/list.ts";
import { pruneFilter } from "../prune-filter.ts";
import { takeTurn } from "../turn.ts";
import { create } from "./create.ts";
import { connect, disconnect } from "./join.ts";

/** Networks as the API offers them; who is in one is derived from the containers' records. */
export function engineNetworks(core: Core): EngineNetworks {
  return {
    create: (options) => create(core, options),
    get: async (network) => complete(core, core.networkShelf.find(network)),
    list: (filters) => list(core, filters),
    members: (network) => members(core, network),
    remove: async (network) => remove(core, core.networkShelf.find(network)),
    prune: (o) => prune(core, o),
    connect: (network, container, endpoint) =>
      inTurn(core, { network, container, action: "connect" }, (entry, found) =>
        connect(core, entry, found, { ...endpoint, links: settledLinks(core, endpoint.links) }),
      ),
    disconnect: (network, container) =>
      inTurn(core, { network, container, action: "disconnect" }, (entry, found) =>
        disconnect(core, entry, found),
      ),
  };
}

async function inTurn(
  core: Core,
  asked: { readonly network: string; readonly container: string; readonly action: string },
  work: (entry: Entry, network: NetworkDetails) => Promise<void>,
): Promise<void> {
  const entry = core.shelf.find(asked.container);
  const network = core.networkShelf.find(asked.network);
  await takeTurn(core, entry, () => work(entry, network));
  tellNetwork(core, entry, network, asked.action);
}

/** The default network's addresses are chosen when somebody wants to know them, or needs them. */
async function complete(core: Core, network: NetworkDetails): Promise<NetworkDetails> {
  return network.name === "bridge" ? { ...network, settled: await core.networks.ensureDefault() } : network;
}

function members(core: Core, { name }: NetworkDetails): ContainerDetails[] {
  return [...core.shelf.all()]
    .filter((entry) => entry.fortune.attachments.some(({ network }) => network === name))
    .map((entry) => details(core, entry));
}

const matchers: Readonly<Record<string, (core: Core, network: NetworkDetails, wanted: string) => boolean>> = {
  name: (_, network, wanted) => network.name.includes(wanted),
  id: (_, network, wanted) => network.id.startsWith(wanted),
  driver: (_, network, wanted) => network.driver === wanted,
  type: (_, network, wanted) => wanted === (network.predefined ? "builtin" : "custom"),
  scope: (_, __, wanted) => wanted === "local",
  label: (_, network, wanted) => matchesLabel(network.labels, wanted),
  dangling: (core, network, wanted) =>
    (!network.predefined && members(core, network).length === 0) === ["true", "1"].includes(wanted),
};

async function list(core: Core, filters: Filters): Promise<readonly NetworkDetails[]> {
  checkFilters(filters, Object.keys(matchers));
  const found = core.networkShelf
    .all()
    .filter((network) =>
      matchesFilters(filters, (key, wanted) => matchers[key]?.(core, network, wanted) ?? false),
    );
  return Promise.all(found.map((network) => complete(core, network)));
}

async function remove(core: Core, network: NetworkDetails): Promise<void> {
  if (network.predefined || network.settled === null)
    throw new InroError("NETWORK_PREDEFINED", {
      what: `cannot remove the network "${network.name}"`,
      why: `${network.name} is a pre-defined network and cannot be removed`,
    });
  const { settled } = network;
  await core.networkShelf.leave(network, async () => {
    await core.networks.remove(settled);
    core.records.removeNetwork(network.id);
  });
  const attributes = { name: network.name, type: network.driver };
  core.news.tell({ type: "network", action: "destroy", id: network.id, attributes });
}

async function prune(core: Core, { filters, dryRun }: Parameters<EngineNetworks["prune"]>[0]) {
  const mayGo = pruneFilter(filters);
  const unused = core.networkShelf
    .made()
    .filter((network) => members(core, network).length === 0 && mayGo(network));
  if (!dryRun) {
    for (const network of unused) await remove(core, network);
    core.news.tellPruned("network", 0);
  }
  return unused.map(({ name }) => name);
}
