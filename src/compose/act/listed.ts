/** An engine's lists of containers, networks and volumes, as plain data of ours. */
import type { Found, FoundNetwork, FoundVolume, State } from "../converge/actual.ts";
import { dependencies, label } from "../converge/labels.ts";

export interface Listed {
  readonly Id: string;
  readonly Names: readonly string[];
  readonly ImageID: string;
  readonly State: State;
  readonly Status: string;
  readonly Labels: Readonly<Record<string, string>> | null;
  readonly Ports: readonly { readonly PublicPort?: number; readonly Type: string }[] | null;
  readonly NetworkSettings?: {
    readonly Networks: Readonly<Record<string, ListedEndpoint>> | null;
  };
  readonly Mounts?: readonly {
    readonly Type: string;
    readonly Name?: string;
    readonly Destination: string;
  }[];
}

interface ListedEndpoint {
  readonly NetworkID: string;
  readonly IPAddress: string;
  readonly GlobalIPv6Address: string;
}

/** An engine gives 64 hexadecimal digits to a volume that nobody named. */
const ANONYMOUS = /^[0-9a-f]{64}$/;

/** A list tells of health and exit only in words: `Up 3 minutes (healthy)`, `Exited (0) 3 seconds ago`. */
const HEALTH = /\((?:health: )?(starting|healthy|unhealthy)\)/;

export function foundContainer(listed: Listed): Found {
  const { Id, Names, ImageID, State, Status, NetworkSettings, Mounts = [] } = listed;
  const labels = listed.Labels ?? {};
  const health = HEALTH.exec(Status)?.[1] as Found["health"];
  const exit = /^Exited \((-?\d+)\)/.exec(Status)?.[1];
  const volumes = Mounts.filter(({ Type, Name }) => Type === "volume" && Name !== undefined);
  const replaces = labels[label.replaces];
  // A name with a slash inside is one that a link to it has.
  const name = Names.find((each) => !each.slice(1).includes("/")) ?? Names[0] ?? "";
  return {
    id: Id,
    name: name.replace(/^\//, ""),
    service: labels[label.service] ?? "",
    number: Number(labels[label.number] ?? 0) || 0,
    oneOff: labels[label.oneOff] === "True",
    state: State,
    ...(health === undefined ? {} : { health }),
    ...(exit === undefined ? {} : { exitCode: Number(exit) }),
    hash: labels[label.hash] ?? "",
    image: labels[label.image] ?? ImageID,
    networks: Object.fromEntries(
      Object.entries(NetworkSettings?.Networks ?? {}).map(([name, endpoint]) => [
        name,
        {
          id: endpoint.NetworkID,
          addresses: [endpoint.IPAddress, endpoint.GlobalIPv6Address].filter((address) => address),
        },
      ]),
    ),
    ports: [
      ...new Set(
        (listed.Ports ?? []).flatMap(({ PublicPort, Type }) => (PublicPort ? [`${PublicPort}/${Type}`] : [])),
      ),
    ],
    anonymous: Object.fromEntries(
      volumes
        .filter(({ Name = "" }) => ANONYMOUS.test(Name))
        .map(({ Name = "", Destination }) => [Destination, Name]),
    ),
    volumes: volumes.map(({ Name = "" }) => Name).filter((name) => !ANONYMOUS.test(name)),
    dependsOn: dependencies(labels[label.dependsOn]),
    ...(replaces === undefined ? {} : { replaces }),
    outdated: [],
    differences: [],
  };
}

export interface ListedNetwork {
  readonly Id: string;
  readonly Name: string;
  readonly Driver: string;
  readonly Options: Readonly<Record<string, string>> | null;
  readonly Labels: Readonly<Record<string, string>> | null;
  readonly Internal: boolean;
  readonly Attachable: boolean;
  readonly EnableIPv6: boolean;
  readonly EnableIPv4?: boolean;
  readonly IPAM?: { readonly Config: readonly ListedPool[] | null } | null;
}

interface ListedPool {
  readonly Subnet?: string;
  readonly IPRange?: string;
  readonly Gateway?: string;
  readonly AuxiliaryAddresses?: Readonly<Record<string, string>> | null;
}

export const foundNetwork = (listed: ListedNetwork): FoundNetwork => ({
  id: listed.Id,
  name: listed.Name,
  driver: listed.Driver,
  options: listed.Options ?? {},
  labels: listed.Labels ?? {},
  internal: listed.Internal,
  attachable: listed.Attachable,
  ipv6: listed.EnableIPv6,
  ipv4: listed.EnableIPv4 ?? true,
  pools: (listed.IPAM?.Config ?? []).map((pool) => ({
    ...(pool.Subnet ? { subnet: pool.Subnet } : {}),
    ...(pool.IPRange ? { range: pool.IPRange } : {}),
    ...(pool.Gateway ? { gateway: pool.Gateway } : {}),
    auxiliary: pool.AuxiliaryAddresses ?? {},
  })),
  strangers: [],
});

export interface ListedVolume {
  readonly Name: string;
  readonly Driver: string;
  readonly Options: Readonly<Record<string, string>> | null;
  readonly Labels: Readonly<Record<string, string>> | null;
}

export const foundVolume = ({ Name, Driver, Options, Labels }: ListedVolume): FoundVolume => ({
  name: Name,
  driver: Driver,
  options: Options ?? {},
  labels: Labels ?? {},
});
