import type { Bandwidth, Direction, Shaper } from "../../network/network.ts";
import { type Core, record } from "../core.ts";
import type { Entry } from "../entry.ts";
import type { EndpointOption } from "../options.ts";
import { checkBandwidth, connectable, endpointsOf } from "./endpoints.ts";

export const bandwidthOf = ({ origin, fortune }: Entry): Bandwidth =>
  fortune.bandwidth ?? origin.options.bandwidth;

/** What it is to be held to from now on; null: what `create` said. INVALID_OPTION. */
export function changedBandwidth(core: Core, entry: Entry, change: Partial<Bandwidth>): Bandwidth | null {
  if (Object.keys(change).length === 0) return entry.fortune.bandwidth;
  const bandwidth = { ...bandwidthOf(entry), ...change };
  for (const { network } of endpointsOf(entry)) checkBandwidth(core.networkShelf.find(network), bandwidth);
  return bandwidth;
}

/**
 * Holds a container that runs to its bandwidth. What is going to be there is recorded before, what is not there any more
 * after: the next engine finds every device in a record, and does the rest.
 */
export async function limitNow(
  core: Core,
  entry: Entry,
  endpoints: readonly EndpointOption[] = endpointsOf(entry),
): Promise<Shaper | null> {
  const { shaper: from, attachments } = entry.fortune;
  const to = core.networks.limits.plan({
    containerId: entry.id,
    bandwidth: bandwidthOf(entry),
    networks: connectable(endpoints),
    before: from,
    joined: true,
  });
  if (from === null && to === null) return null;
  const either = (direction: Direction) => to?.[direction] ?? from?.[direction] ?? null;
  const shaper = to ?? from;
  if (shaper !== null)
    record(core, entry, { shaper: { ...shaper, in: either("in"), out: either("out") } }, "machine");
  await core.networks.limits.change(from, to, attachments);
  record(core, entry, { shaper: to }, "machine");
  return to;
}
