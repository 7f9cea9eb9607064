import type { Attachment } from "../../network/network.ts";
import type { Undo } from "../../oci/undo.ts";
import type { Core } from "../core.ts";
import type { EndpointOption, PortOption } from "../options.ts";
import { gatewayAmong } from "./endpoints.ts";

export interface Attaching {
  readonly containerId: string;
  readonly name: string;
  readonly endpoints: readonly EndpointOption[];
  readonly ports: readonly PortOption[];
}

/** Takes addresses and ports in all of a container's networks, for one start; each is undone. */
export async function attachAll(core: Core, asked: Attaching, undo: Undo): Promise<readonly Attachment[]> {
  const { containerId, name, endpoints, ports } = asked;
  const gateway = gatewayAmong(core, endpoints);
  const made: Attachment[] = [];
  for (const [number, endpoint] of endpoints.entries()) {
    const { network, address, mac } = endpoint;
    const attachment = await core.networks.connect({
      ...{ containerId, name, network, number, address, mac, ports },
      isGateway: endpoint === gateway,
      joined: false,
    });
    undo.add(`leave the network ${network}`, () => core.networks.disconnect(attachment));
    made.push(attachment);
  }
  return made;
}
