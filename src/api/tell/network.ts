import type { ContainerDetails, EndpointDetails } from "../../engine/engine.ts";
import { dnsNames } from "../../engine/networks/names.ts";
import type { NetworkMode } from "../../engine/options.ts";
import { families, familyOf } from "../../oci/address.ts";
import { singles } from "../../oci/port.ts";

/** An endpoint has an id of its own: digits of its container and its network (hashes would cost a listing). */
export const endpointId = (container: ContainerDetails, networkId: string): string =>
  container.id.slice(0, 32) + networkId.slice(0, 32);
const sandboxId = (container: ContainerDetails): string => container.id.slice(16) + container.id.slice(0, 16);

type Port = ContainerDetails["ports"][number];

/** As Docker has it, every address of the host is one binding of each family. */
const addresses = ({ hostIp }: Port) => (hostIp === "" ? ["0.0.0.0", "::"] : [hostIp]);

/** Whether the container is in a network just now. */
const isLive = ({ endpoints }: ContainerDetails) => endpoints.some(({ live }) => live !== null);

/** What is exposed where there is a network to expose it in. */
const exposedPorts = (container: ContainerDetails) =>
  isLive(container) ? container.options.exposedPorts : [];

/** {"80/tcp": [{HostIp, HostPort}], "443/tcp": null}: what is published, and what is merely exposed. */
export function portMap(container: ContainerDetails) {
  const map: Record<string, { HostIp: string; HostPort: string }[] | null> = {};
  for (const exposed of exposedPorts(container)) map[exposed] = null;
  for (const port of singles(container.ports)) {
    const key = `${port.containerPort}/${port.protocol}`;
    const told = addresses(port).map((HostIp) => ({ HostIp, HostPort: String(port.hostPort) }));
    map[key] = [...(map[key] ?? []), ...told];
  }
  return map;
}

/** The ports of a line of `docker ps`. */
export function portList(container: ContainerDetails) {
  const published = [...singles(container.ports)];
  const taken = new Set(published.map((port) => `${port.containerPort}/${port.protocol}`));
  const exposed = exposedPorts(container).filter((port) => !taken.has(port));
  return [
    ...published.flatMap((port) =>
      addresses(port).map((IP) => ({
        IP,
        PrivatePort: port.containerPort,
        PublicPort: port.hostPort,
        Type: port.protocol,
      })),
    ),
    ...exposed.map((port) => {
      const [number, type] = port.split("/");
      return { PrivatePort: Number(number), Type: type ?? "tcp" };
    }),
  ];
}

/** Docker's NetworkMode. */
export function networkMode({ network }: { readonly network: NetworkMode }): string {
  if (network.kind === "container") return `container:${network.container}`;
  return network.kind === "network" ? network.name : network.kind;
}

const asked = (addresses: readonly string[]) =>
  Object.fromEntries(addresses.map((address) => [`IPv${familyOf(address)}Address`, address]));

function endpoint(container: ContainerDetails, details: EndpointDetails) {
  const { live, aliases, links, addresses, mac } = details;
  const isUsers = !["bridge", "host", "none"].includes(details.network);
  const { id, name, options } = container;
  const [four, six] = families.map((family) =>
    live?.addresses.find(({ address }) => familyOf(address) === family),
  );
  return {
    IPAMConfig: isUsers ? asked(addresses) : null,
    Links: links.length === 0 ? null : links.map(({ name, alias }) => `${name}:${alias}`),
    Aliases: aliases.length === 0 ? null : aliases,
    MacAddress: live?.mac ?? mac ?? "",
    DriverOpts: null,
    GwPriority: details.gatewayPriority,
    NetworkID: details.networkId,
    EndpointID: live === null ? "" : endpointId(container, details.networkId),
    Gateway: four?.gateway ?? "",
    IPAddress: four?.address ?? "",
    IPPrefixLen: four?.prefix ?? 0,
    IPv6Gateway: six?.gateway ?? "",
    GlobalIPv6Address: six?.address ?? "",
    GlobalIPv6PrefixLen: six?.prefix ?? 0,
    DNSNames: isUsers ? dnsNames({ id, name, hostname: options.hostname }, aliases) : null,
  };
}

export function networks(container: ContainerDetails) {
  return Object.fromEntries(
    container.endpoints.map((details) => [details.network, endpoint(container, details)]),
  );
}

/** Docker's NetworkSettings; the fields of the default network stand at the top too, for old clients. */
export function networkSettings(container: ContainerDetails) {
  const all = networks(container);
  const one = all["bridge"];
  return {
    Bridge: "",
    SandboxID: isLive(container) ? sandboxId(container) : "",
    SandboxKey: "",
    Ports: portMap(container),
    HairpinMode: false,
    LinkLocalIPv6Address: "",
    LinkLocalIPv6PrefixLen: 0,
    SecondaryIPAddresses: null,
    SecondaryIPv6Addresses: null,
    EndpointID: one?.EndpointID ?? "",
    Gateway: one?.Gateway ?? "",
    GlobalIPv6Address: one?.GlobalIPv6Address ?? "",
    GlobalIPv6PrefixLen: one?.GlobalIPv6PrefixLen ?? 0,
    IPAddress: one?.IPAddress ?? "",
    IPPrefixLen: one?.IPPrefixLen ?? 0,
    IPv6Gateway: one?.IPv6Gateway ?? "",
    MacAddress: one?.MacAddress ?? "",
    Networks: all,
  };
}
