import type { PlanFragment } from "../../kernel/plan/fragment.ts";
import { type Attachment, type Bandwidth, namesFragment, type Shaper } from "../../network/network.ts";
import { families } from "../../oci/address.ts";
import type { PortRequest } from "../../oci/port.ts";
import type { Undo } from "../../oci/undo.ts";
import type { Core } from "../core.ts";
import type { EndpointOption } from "../options.ts";
import { connectable, gatewayAmong, leaderAmong } from "./endpoints.ts";

export interface Attaching {
  readonly containerId: string;
  readonly name: string;
  readonly endpoints: readonly EndpointOption[];
  readonly ports: readonly PortRequest[];
  readonly bandwidth: Bandwidth;
  /** In a network namespace of its own. */
  readonly ownNetwork: boolean;
}

/** What a container's plan has to do for its networks. */
export interface Attached {
  readonly attachments: readonly Attachment[];
  readonly shaper: Shaper | null;
  readonly fragments: readonly PlanFragment[];
}

/** Takes addresses and ports in all of a container's networks, for one start; each is undone. */
export async function attachAll(core: Core, asked: Attaching, undo: Undo): Promise<Attached> {
  const { containerId, name, endpoints, ports } = asked;
  const gateway = gatewayAmong(core, endpoints);
  const networks = connectable(endpoints);
  const { limits } = core.networks;
  const shaper = limits.plan({
    containerId,
    networks,
    bandwidth: asked.bandwidth,
    before: null,
    joined: false,
  });
  if (shaper !== null) undo.add("remove what limits its bandwidth", () => limits.remove(shaper));
  const made: Attachment[] = [];
  for (const [number, endpoint] of endpoints.entries()) {
    const { network, addresses, mac } = endpoint;
    const attachment = await core.networks.connect({
      ...{ containerId, name, network, number, addresses, mac, shaper },
      leads: families.filter((family) => endpoint === leaderAmong(core, endpoints, family)),
      ports: endpoint === gateway ? ports : [],
      joined: false,
    });
    undo.add(`leave the network ${network}`, () => core.networks.disconnect(attachment));
    made.push(attachment);
  }
  const limiting = shaper === null ? [] : [limits.fragment(shaper)];
  const naming = asked.ownNetwork ? [namesFragment] : [];
  const fragments = [...limiting, ...made.map(({ fragment }) => fragment), ...naming];
  return { attachments: made, shaper, fragments };
}
