import { createHash } from "node:crypto";
import type { ContainerDetails, NetworkDetails } from "../../engine/engine.ts";

/** Docker's ids are 64 hexadecimal digits: ours follow from what they stand for, so that they stay the same. */
const networkIds = new Map(
  ["bridge", "host", "none"].map((name) => [
    name,
    createHash("sha256").update(`inro network ${name}`).digest("hex"),
  ]),
);

export const networkId = (name: string): string => networkIds.get(name) ?? "";

/** A container has one endpoint and one sandbox: its own digits in another order (hashes would cost a listing). */
export const endpointId = (container: ContainerDetails): string =>
  container.id.slice(32) + container.id.slice(0, 32);
const sandboxId = (container: ContainerDetails): string => container.id.slice(16) + container.id.slice(0, 16);

type Port = NetworkDetails["ports"][number];

const address = (port: Port) => (port.hostIp === "" ? "0.0.0.0" : port.hostIp);

/** {"80/tcp": [{HostIp, HostPort}], "443/tcp": null}: what is published, and what is merely exposed. */
function portMap(container: ContainerDetails) {
  const map: Record<string, { HostIp: string; HostPort: string }[] | null> = {};
  for (const exposed of container.options.exposedPorts) map[exposed] = null;
  for (const port of container.network?.ports ?? []) {
    const key = `${port.containerPort}/${port.protocol}`;
    map[key] = [...(map[key] ?? []), { HostIp: address(port), HostPort: String(port.hostPort) }];
  }
  return map;
}

/** The ports of a line of `docker ps`. */
export function portList(container: ContainerDetails) {
  const published = container.network?.ports ?? [];
  const taken = new Set(published.map((port) => `${port.containerPort}/${port.protocol}`));
  const exposed = container.options.exposedPorts.filter((port) => !taken.has(port));
  return [
    ...published.map((port) => ({
      IP: address(port),
      PrivatePort: port.containerPort,
      PublicPort: port.hostPort,
      Type: port.protocol,
    })),
    ...exposed.map((port) => {
      const [number, type] = port.split("/");
      return { PrivatePort: Number(number), Type: type ?? "tcp" };
    }),
  ];
}

export function networkName(container: ContainerDetails): string {
  return container.options.network.kind;
}

function endpoint(container: ContainerDetails) {
  const { network } = container;
  return {
    IPAMConfig: null,
    Links: null,
    Aliases: null,
    MacAddress: network?.mac ?? "",
    DriverOpts: null,
    GwPriority: 0,
    NetworkID: networkId(networkName(container)),
    EndpointID: network === null ? "" : endpointId(container),
    Gateway: network?.gateway ?? "",
    IPAddress: network?.address ?? "",
    IPPrefixLen: network?.prefix ?? 0,
    IPv6Gateway: "",
    GlobalIPv6Address: "",
    GlobalIPv6PrefixLen: 0,
    DNSNames: null,
  };
}

export function networks(container: ContainerDetails) {
  return { [networkName(container)]: endpoint(container) };
}

/** Docker's NetworkSettings; the fields of the default network stand at the top too, for old clients. */
export function networkSettings(container: ContainerDetails) {
  const one = endpoint(container);
  const live = container.network !== null;
  return {
    Bridge: "",
    SandboxID: live ? sandboxId(container) : "",
    SandboxKey: "",
    Ports: portMap(container),
    HairpinMode: false,
    LinkLocalIPv6Address: "",
    LinkLocalIPv6PrefixLen: 0,
    SecondaryIPAddresses: null,
    SecondaryIPv6Addresses: null,
    EndpointID: one.EndpointID,
    Gateway: one.Gateway,
    GlobalIPv6Address: "",
    GlobalIPv6PrefixLen: 0,
    IPAddress: one.IPAddress,
    IPPrefixLen: one.IPPrefixLen,
    IPv6Gateway: "",
    MacAddress: one.MacAddress,
    Networks: networks(container),
  };
}
