/** Networks and volumes: what the file asks for, and whether what is there is that. */
import type { Network, Project, Texts, Volume } from "../model/project.ts";
import type { FoundNetwork, FoundPool, FoundVolume } from "./actual.ts";
import { defined } from "./body/create.ts";
import { label, projectLabels, RESERVED } from "./labels.ts";

/** The body of POST /networks/create. */
export function networkBody(project: Project, key: string, network: Network): Record<string, unknown> {
  const { ipam } = network;
  const pools = ipam?.config?.map(({ subnet, ip_range: range, gateway, aux_addresses: auxiliary }) =>
    defined({ Subnet: subnet, IPRange: range, Gateway: gateway, AuxiliaryAddresses: auxiliary }),
  );
  return defined({
    Name: network.name,
    CheckDuplicate: true,
    Driver: network.driver,
    Options: network.driver_opts,
    IPAM: defined({ Driver: ipam?.driver, Config: pools, Options: ipam?.options }),
    Internal: network.internal,
    Attachable: network.attachable,
    EnableIPv4: network.enable_ipv4,
    EnableIPv6: network.enable_ipv6,
    Labels: { ...network.labels, ...projectLabels(project), [label.network]: key },
  });
}

/** The body of POST /volumes/create. */
export const volumeBody = (project: Project, key: string, volume: Volume): Record<string, unknown> =>
  defined({
    Name: volume.name,
    Driver: volume.driver,
    DriverOpts: volume.driver_opts,
    Labels: { ...volume.labels, ...projectLabels(project), [label.volume]: key },
  });

/** Whether it was made for this project under this key. */
export const isOwn = (project: string, labels: Texts, kind: "network" | "volume", key: string): boolean =>
  labels[label.project] === project && labels[label[kind]] === key;

const same = (a: Texts, b: Texts): boolean => {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
};

/** Options that engines add by themselves are no difference. */
const ADDED = /^com\.docker\.network\.(enable_ipv[46]|bridge\.name)$/;

const plain = (texts: Texts, isOurs: (key: string) => boolean): Texts =>
  Object.fromEntries(Object.entries(texts).filter(([key]) => !isOurs(key)));

function withoutAdded(found: Texts, wanted: Texts): Texts {
  return plain(found, (key) => ADDED.test(key) && wanted[key] === undefined);
}

/** In words, what about a network is not as the file says; undefined: nothing. */
export function networkDifference(found: FoundNetwork, wanted: Network): string | undefined {
  const options = wanted.driver_opts ?? {};
  const labels = plain(found.labels, (key) => key.startsWith(RESERVED));
  if (found.driver !== (wanted.driver ?? "bridge")) return "its driver";
  if (!same(withoutAdded(found.options, options), options)) return "its driver's options";
  if (
    !same(
      labels,
      plain(wanted.labels ?? {}, (key) => key.startsWith(RESERVED)),
    )
  )
    return "its labels";
  if (found.internal !== (wanted.internal ?? false)) return "whether it is internal";
  if (found.attachable !== (wanted.attachable ?? false)) return "whether it is attachable";
  if (wanted.enable_ipv4 !== undefined && found.ipv4 !== wanted.enable_ipv4) return "whether it has IPv4";
  if (wanted.enable_ipv6 !== undefined && found.ipv6 !== wanted.enable_ipv6) return "whether it has IPv6";
  const pools = wanted.ipam?.config ?? [];
  return pools.every((pool) => found.pools.some((each) => isPool(each, pool))) ? undefined : "its addresses";
}

type Pool = NonNullable<NonNullable<Network["ipam"]>["config"]>[number];

/** What the file does not say, the engine chose. */
function isPool(
  found: FoundPool,
  { subnet, ip_range: range, gateway, aux_addresses: auxiliary }: Pool,
): boolean {
  const agree = (wanted: string | undefined, actual: string | undefined) =>
    wanted === undefined || wanted === actual;
  return (
    agree(subnet, found.subnet) &&
    agree(range, found.range) &&
    agree(gateway, found.gateway) &&
    (auxiliary === undefined || same(auxiliary, found.auxiliary))
  );
}

/** The same of a volume; its labels cannot be changed, and nothing stands on them. */
export function volumeDifference(found: FoundVolume, wanted: Volume): string | undefined {
  if (found.driver !== (wanted.driver ?? "local")) return "its driver";
  return same(found.options, wanted.driver_opts ?? {}) ? undefined : "its driver's options";
}
