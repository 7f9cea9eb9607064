import type { Endpoint, Project, Service } from "../../model/project.ts";

/** Its networks' keys: the first is the one that the container's mode names. */
export const ordered = ({ networks = {} }: Service): readonly string[] => {
  const priority = (key: string) => networks[key]?.priority ?? 0;
  return Object.keys(networks).sort((a, b) => priority(b) - priority(a) || (a < b ? -1 : 1));
};

const nameOf = (project: Project, key: string): string => project.networks.get(key)?.name ?? key;

export function networkMode(project: Project, service: Service): string {
  if (service.network_mode !== undefined) return service.network_mode;
  const [first] = ordered(service);
  return first === undefined ? "none" : nameOf(project, first);
}

export interface Answering {
  readonly links: readonly string[];
  /** Names that it has on every network. */
  readonly names: readonly string[];
  /** Whether those that the file gives it count, too. */
  readonly extra: boolean;
}

/** NetworkingConfig; the API takes several networks at once since 1.44. */
export function networking(project: Project, service: Service, answering: Answering): unknown {
  if (service.network_mode !== undefined) return undefined;
  const keys = ordered(service);
  if (keys.length === 0) return undefined;
  const endpoints = keys.map((key, index) => {
    const own = service.networks?.[key] ?? {};
    // A container's own address of this kind is that of its first network.
    const mac = own.mac_address ?? (index === 0 ? service.mac_address : undefined);
    return [nameOf(project, key), endpoint(own, mac, answering)];
  });
  return { EndpointsConfig: Object.fromEntries(endpoints) };
}

/** libnetwork's name for the option that names an interface. */
const IFNAME = "com.docker.network.endpoint.ifname";

function endpoint(own: Endpoint, mac: string | undefined, { links, names, extra }: Answering): unknown {
  const addresses = {
    ...(own.ipv4_address === undefined ? {} : { IPv4Address: own.ipv4_address }),
    ...(own.ipv6_address === undefined ? {} : { IPv6Address: own.ipv6_address }),
    ...(own.link_local_ips === undefined || own.link_local_ips.length === 0
      ? {}
      : { LinkLocalIPs: own.link_local_ips }),
  };
  const options = {
    ...own.driver_opts,
    ...(own.interface_name === undefined ? {} : { [IFNAME]: own.interface_name }),
  };
  return {
    Aliases: [...new Set([...names, ...(extra ? (own.aliases ?? []) : [])])],
    ...(links.length === 0 ? {} : { Links: links }),
    ...(Object.keys(addresses).length === 0 ? {} : { IPAMConfig: addresses }),
    ...(mac === undefined ? {} : { MacAddress: mac }),
    ...(Object.keys(options).length === 0 ? {} : { DriverOpts: options }),
    ...(own.gw_priority === undefined ? {} : { GwPriority: own.gw_priority }),
  };
}
