import type { ContainerDetails, Engine, NetworkDetails } from "../../engine/engine.ts";
import { type Family, familyOf } from "../../oci/address.ts";
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
    EnableIPv4: settled === null ? driver === "bridge" : hasFamily(settled, 4),
    EnableIPv6: settled !== null && hasFamily(settled, 6),
    IPAM: {
      Driver: "default",
      Options: {},
      Config:
        settled === null ? [] : settled.blocks.map((block, at) => pool(block, network.auxiliary[at] ?? {})),
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

const hasFamily = ({ blocks }: Settled, family: Family) =>
  blocks.some(({ gateway }) => familyOf(gateway) === family);

const pool = (
  { subnet, range, gateway }: Settled["blocks"][number],
  auxiliary: NetworkDetails["auxiliary"][number],
) => ({
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
  const addressOf = (family: Family) => {
    const own = live?.addresses.find(({ address }) => familyOf(address) === family);
    return own === undefined ? "" : `${own.address}/${own.prefix}`;
  };
  return {
    Name: container.name,
    EndpointID: endpointId(container, network.id),
    MacAddress: live?.mac ?? "",
    IPv4Address: addressOf(4),
    IPv6Address: addressOf(6),
  };
}
