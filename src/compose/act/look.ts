import { ApiError, at, type Client } from "../../client/client.ts";
import {
  type Actual,
  type Found,
  type FoundImage,
  type FoundNetwork,
  type FoundVolume,
  NOTHING,
  type State,
} from "../converge/actual.ts";
import { dependencies, imageName, label } from "../converge/labels.ts";
import { networkDifference } from "../converge/objects.ts";
import type { Project } from "../model/project.ts";
import { closer } from "./closer.ts";

/** For a file that is to be converged to; without it only what is labelled as the project's is told. */
export interface Wanted {
  readonly project: Project;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** What an engine has of a project: lists, side by side; one by one only what they show to be different. */
export async function look(client: Client, name: string, wanted?: Wanted): Promise<Actual> {
  const project = wanted?.project;
  const [containers, networks, volumes, images, strangers] = await Promise.all([
    list<Listed>(client, "/containers/json", { all: true, filters: { label: [`${label.project}=${name}`] } }),
    client.json<readonly ListedNetwork[]>({ method: "GET", path: "/networks" }),
    client.json<{ readonly Volumes: readonly ListedVolume[] | null }>({ method: "GET", path: "/volumes" }),
    project === undefined ? NOTHING.images : imagesOf(client, project),
    project === undefined ? NOTHING.strangers : strangersOf(client, project),
  ]);
  const found = {
    containers: containers.map(foundContainer),
    networks: byName(networks.map(foundNetwork)),
    volumes: byName((volumes.Volumes ?? []).map(foundVolume)),
    images,
    strangers,
  };
  if (wanted === undefined) return found;
  const [looked, checked] = await Promise.all([
    closer(client, wanted, found),
    crowds(client, wanted.project, found),
  ]);
  return { ...found, containers: looked, networks: checked };
}

async function list<T>(
  client: Client,
  path: string,
  { all, filters }: { readonly all: boolean; readonly filters: Readonly<Record<string, readonly string[]>> },
): Promise<readonly T[]> {
  return client.json<T[]>({ method: "GET", path, query: { all, filters: JSON.stringify(filters) } });
}

const byName = <T extends { readonly name: string }>(all: readonly T[]): ReadonlyMap<string, T> =>
  new Map(all.map((each) => [each.name, each]));

interface Listed {
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

function foundContainer(listed: Listed): Found {
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

interface ListedNetwork {
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

const foundNetwork = (listed: ListedNetwork): FoundNetwork => ({
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

interface ListedVolume {
  readonly Name: string;
  readonly Driver: string;
  readonly Options: Readonly<Record<string, string>> | null;
  readonly Labels: Readonly<Record<string, string>> | null;
}

const foundVolume = ({ Name, Driver, Options, Labels }: ListedVolume): FoundVolume => ({
  name: Name,
  driver: Driver,
  options: Options ?? {},
  labels: Labels ?? {},
});

interface InspectedImage {
  readonly Id: string;
  readonly Config?: {
    readonly Volumes?: Readonly<Record<string, unknown>> | null;
    readonly Entrypoint?: readonly string[] | null;
  } | null;
  readonly Metadata?: { readonly LastTagTime?: string };
}

/** Undefined: the engine has none of this name. */
export async function lookImage(client: Client, name: string): Promise<FoundImage | undefined> {
  try {
    const image = await client.json<InspectedImage>({ method: "GET", path: at`/images/${name}/json` });
    const tagged = Date.parse(image.Metadata?.LastTagTime ?? "");
    return {
      id: image.Id,
      volumes: Object.keys(image.Config?.Volumes ?? {}),
      entrypoint: image.Config?.Entrypoint ?? null,
      // Go's zero time: it does not know.
      ...(tagged > 0 ? { taggedAt: tagged } : {}),
    };
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}

async function imagesOf(client: Client, project: Project): Promise<ReadonlyMap<string, FoundImage>> {
  const names = [...new Set([...project.services.values()].map((service) => imageName(project, service)))];
  const images = await Promise.all(names.map(async (name) => [name, await lookImage(client, name)] as const));
  return new Map(images.filter((entry): entry is [string, FoundImage] => entry[1] !== undefined));
}

const escaped = (name: string) => name.replace(/[.]/g, "\\.");

/** Others' containers whose names the project's may want. */
async function strangersOf(client: Client, project: Project): Promise<ReadonlyMap<string, string>> {
  const own = [...project.services.values()].flatMap(({ container_name: name }) => name ?? []);
  const names = [...own.map((name) => `^/?${escaped(name)}$`), `^/?${escaped(project.name)}-.+-[0-9]+$`];
  const found = await list<Listed>(client, "/containers/json", { all: true, filters: { name: names } });
  return new Map(
    found
      .filter(({ Labels }) => Labels?.[label.project] !== project.name)
      .map(({ Names, Labels }) => {
        const owner = Labels?.[label.project];
        return [(Names[0] ?? "").slice(1), owner === undefined ? "no project" : `the project "${owner}"`];
      }),
  );
}

/** Whoever is on a network that would be made again. */
async function crowds(client: Client, project: Project, found: Actual): Promise<Actual["networks"]> {
  const own = new Set(found.containers.map(({ id }) => id));
  const networks = new Map(found.networks);
  await Promise.all(
    [...project.networks.values()].map(async (wanted) => {
      const network = found.networks.get(wanted.name);
      if (network === undefined || wanted.external || networkDifference(network, wanted) === undefined)
        return;
      const { Containers } = await client.json<{
        readonly Containers: Readonly<Record<string, { readonly Name: string }>> | null;
      }>({ method: "GET", path: at`/networks/${network.id}` });
      const strangers = Object.entries(Containers ?? {}).filter(([id]) => !own.has(id));
      networks.set(network.name, { ...network, strangers: strangers.map(([, { Name }]) => Name) });
    }),
  );
  return networks;
}
