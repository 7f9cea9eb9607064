import type { ContainerDetails, Engine, NetworkDetails } from "../../engine/engine.ts";
import { endpointId } from "./network.ts";

/** Docker's Network: a line of GET /networks, and with its containers GET /networks/{id}. */
export function networkRecord(engine: Engine, network: NetworkDetails, withMembers: boolean) {
  const { settled, driver } = network;
  const members = withMembers ? engine.networks.members(network) : [];
  return {
    Name: network.name,
    Id: network.id,
    Created: network.created,
    Scope: "local",
    Driver: driver,
    EnableIPv4: driver !== "host" && driver !== "null",
    EnableIPv6: false,
    IPAM: {
      Driver: "default",
      Options: network.predefined ? null : {},
      Config: settled === null ? null : [pool(network, settled)],
    },
    Internal: settled?.internal ?? false,
    Attachable: network.attachable,
    Ingress: false,
    ConfigFrom: { Network: "" },
    ConfigOnly: false,
    Containers: Object.fromEntries(members.map((one) => [one.id, member(one, network)])),
    Options: {
      ...(network.predefined && settled?.driver === "bridge" ? defaults(settled.interface) : {}),
      ...network.options,
    },
    Labels: network.labels,
  };
}

type Settled = NonNullable<NetworkDetails["settled"]>;

const pool = ({ auxiliary }: NetworkDetails, { subnet, range, gateway }: Settled) => ({
  Subnet: subnet,
  ...(range === null ? {} : { IPRange: range }),
  Gateway: gateway,
  ...(Object.keys(auxiliary).length === 0 ? {} : { AuxiliaryAddresses: auxiliary }),
});

const defaults = (bridge: string) => ({
  "com.docker.network.bridge.default_bridge": "true",
  "com.docker.network.bridge.name": bridge,
});

function member(container: ContainerDetails, network: NetworkDetails) {
  const live = container.endpoints.find((endpoint) => endpoint.network === network.name)?.live;
  const hasAddress = live !== undefined && live !== null && live.address !== "";
  return {
    Name: container.name,
    EndpointID: endpointId(container, network.id),
    MacAddress: live?.mac ?? "",
    IPv4Address: hasAddress ? `${live.address}/${live.prefix}` : "",
    IPv6Address: "",
  };
}
