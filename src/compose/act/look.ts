import { ApiError, at, type Client } from "../../client/client.ts";
import { type Actual, type FoundImage, NOTHING } from "../converge/actual.ts";
import { imageName, label } from "../converge/labels.ts";
import { networkDifference } from "../converge/objects.ts";
import type { Project } from "../model/project.ts";
import { closer } from "./closer.ts";
import {
  foundContainer,
  foundNetwork,
  foundVolume,
  type Listed,
  type ListedNetwork,
  type ListedVolume,
} from "./listed.ts";

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

/** Those that services are made of, by name. */
export async function imagesOf(client: Client, project: Project): Promise<ReadonlyMap<string, FoundImage>> {
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
