import {
  type AttachmentRecord,
  gatewaysAtHost,
  leads,
  type Scope,
  type Zone,
  zoneOf,
} from "../../network/network.ts";
import type { Container } from "../../runtime/runtime.ts";
import type { Core } from "../core.ts";
import type { Entry } from "../entry.ts";
import type { ContainerFortune } from "../records.ts";
import { endpointsOf, hasOwnNetwork } from "./endpoints.ts";

/** What an endpoint is called in its network, as Docker has it. The default network has no aliases. */
export function dnsNames(
  { id, name, hostname }: { readonly id: string; readonly name: string; readonly hostname: string | null },
  aliases: readonly string[],
): readonly string[] {
  return [...new Set([name, ...aliases, id.slice(0, 12), ...(hostname === null ? [] : [hostname])])];
}

/** Answers what a container that runs asks. In the background: what it asks before is answered then. */
export async function serveNames(core: Core, entry: Entry): Promise<void> {
  const { live, origin } = entry;
  if (live === null || !hasOwnNetwork(origin.options)) return;
  await serveNamesTo(core, live, {
    dns: () => entry.origin.options.dns,
    attachments: () => entry.fortune.attachments,
  });
}

/** The same of what has no record. `attachments`: where it is connected at the moment. */
export async function serveNamesTo(
  core: Core,
  container: Container,
  o: { readonly dns: () => readonly string[]; readonly attachments: () => readonly AttachmentRecord[] },
): Promise<void> {
  const scope = () => scopeOf(core, o.attachments());
  await container.serveNames(core.networks.names.open({ scope, dns: o.dns }));
}

function scopeOf(core: Core, attachments: readonly AttachmentRecord[]): Scope {
  const connected = attachments
    .filter(({ addresses }) => addresses.length > 0)
    .toSorted((a, b) => Number(leads(b)) - Number(leads(a)));
  const isInternal = (name: string) => core.networkShelf.byName(name)?.settled?.internal === true;
  return {
    zones: connected.map(({ network }) => zoneIn(core, network)),
    gateways: gatewaysAtHost(connected),
    forwards: connected.some(({ network }) => !isInternal(network)),
  };
}

interface Seen {
  readonly entry: Entry;
  readonly name: string;
  readonly fortune: ContainerFortune;
}

/** What the zones were made of; looked at instead of told about, since a name that is not true any more leads astray. */
interface Made {
  readonly from: readonly Seen[];
  readonly zones: Map<string, Zone>;
}

const made = new WeakMap<Core, Made>();

function zoneIn(core: Core, network: string): Zone {
  const last = made.get(core);
  const current = last !== undefined && isCurrent(core, last.from) ? last : fresh(core);
  const known = current.zones.get(network);
  if (known !== undefined) return known;
  const zone = makeZone(core, network);
  current.zones.set(network, zone);
  return zone;
}

function isCurrent(core: Core, from: readonly Seen[]): boolean {
  let at = 0;
  for (const entry of core.shelf.all()) {
    const seen = from[at++];
    if (seen?.entry !== entry || seen.fortune !== entry.fortune || seen.name !== entry.name) return false;
  }
  return at === from.length;
}

function fresh(core: Core): Made {
  const from = [...core.shelf.all()].map((entry) => ({ entry, name: entry.name, fortune: entry.fortune }));
  const one = { from, zones: new Map<string, Zone>() };
  made.set(core, one);
  return one;
}

function makeZone(core: Core, network: string): Zone {
  const hosts = [...core.shelf.all()].flatMap((entry) => {
    const attachment = entry.fortune.attachments.find((one) => one.network === network);
    if (attachment === undefined || attachment.addresses.length === 0) return [];
    const aliases = endpointsOf(entry).find((one) => one.network === network)?.aliases ?? [];
    const { hostname } = entry.origin.options;
    const names = dnsNames({ id: entry.id, name: entry.name, hostname }, aliases);
    return [{ names, addresses: attachment.addresses.map(({ address }) => address) }];
  });
  return zoneOf(network, hosts.length === 0 ? [] : core.networks.subnetsOf(network), hosts);
}
