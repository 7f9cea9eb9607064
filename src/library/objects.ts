import { at, type Client } from "../client/client.ts";
import { type BuildProgress, type BuildSpec, build } from "./build.ts";
import type { Inspected } from "./container.ts";
import { nameAndTag } from "./names.ts";
import { endpoint, type NetworkSettings } from "./spec.ts";

/** A line of progress; `error` ends what it was about. */
export interface Progress {
  readonly status?: string;
  readonly id?: string;
  readonly progressDetail?: { readonly current?: number; readonly total?: number };
  readonly stream?: string;
  readonly error?: string;
}

type Labels = Readonly<Record<string, string>>;
type Filters = Readonly<Record<string, readonly string[]>>;

export interface PruneOptions {
  readonly all?: boolean;
  readonly filters?: Filters;
  /** Nothing is removed; the answer is what would be. Ours alone. */
  readonly dryRun?: boolean;
}

export interface Pruned {
  readonly removed: readonly string[];
  /** Bytes. */
  readonly reclaimed: number;
}

export interface Images {
  /** Iterate over it for its progress; it has pulled when that ends. Throws where the registry says no. */
  pull(name: string, o?: { readonly platform?: string }): AsyncGenerator<Progress, void>;
  list(filters?: Filters): Promise<readonly Inspected[]>;
  inspect(name: string): Promise<Inspected>;
  tag(name: string, to: string): Promise<void>;
  remove(name: string, o?: { readonly force?: boolean }): Promise<void>;
  /** Its layers and what made them, the newest first. */
  history(name: string): Promise<readonly Inspected[]>;
  /** Iterate over it for its progress. `auth`: as the API's X-Registry-Auth has it. */
  push(
    name: string,
    o?: { readonly auth?: Readonly<Record<string, string>> },
  ): AsyncGenerator<Progress, void>;
  /** Those that have no name, or with `all` those that no container uses. */
  prune(o?: PruneOptions): Promise<Pruned>;
  /** Iterate over it for what happens; the image is there when that ends. Throws what is wrong with it. Ours alone. */
  build(spec: BuildSpec): AsyncGenerator<BuildProgress, void>;
  /** A tar that `docker load` takes. */
  save(...names: readonly string[]): AsyncGenerator<Uint8Array, void>;
  load(tar: AsyncIterable<Uint8Array>): AsyncGenerator<Progress, void>;
}

export interface Volumes {
  create(o?: {
    readonly name?: string;
    readonly labels?: Labels;
    readonly options?: Labels;
  }): Promise<Inspected>;
  list(filters?: Filters): Promise<readonly Inspected[]>;
  inspect(name: string): Promise<Inspected>;
  remove(name: string, o?: { readonly force?: boolean }): Promise<void>;
  rename(name: string, to: string): Promise<void>;
  clone(name: string, to?: string): Promise<Inspected>;
  export(name: string): AsyncGenerator<Uint8Array, void>;
  /** A new volume of what a tar holds. */
  import(name: string, tar: AsyncIterable<Uint8Array>): Promise<Inspected>;
  /** Those that no container uses; only anonymous ones unless `all`. */
  prune(o?: PruneOptions): Promise<Pruned>;
}

export interface Networks {
  create(o: { readonly name: string; readonly options?: Readonly<Record<string, unknown>> }): Promise<string>;
  list(filters?: Filters): Promise<readonly Inspected[]>;
  inspect(name: string): Promise<Inspected>;
  remove(name: string): Promise<void>;
  connect(network: string, container: string, o?: NetworkSettings): Promise<void>;
  disconnect(network: string, container: string): Promise<void>;
  /** Those that no container is connected with; answers their names. */
  prune(o?: Omit<PruneOptions, "all">): Promise<readonly string[]>;
}

const filtersOf = (filters: Filters | undefined) =>
  filters === undefined ? {} : { filters: JSON.stringify(filters) };

/** What an engine says in the middle of a stream is a failure like any other. */
async function* checked(lines: AsyncIterable<Progress>): AsyncGenerator<Progress, void> {
  for await (const line of lines) {
    if (line.error !== undefined) throw new Error(line.error);
    yield line;
  }
}

async function* bytes(client: Client, path: string, query = {}): AsyncGenerator<Uint8Array, void> {
  yield* (await client.send({ method: "GET", path, query })).body;
}

/** POST /containers/prune, /images/prune, … */
export function prune(
  client: Client,
  kind: "containers" | "images" | "volumes" | "networks",
  { filters, dryRun = false }: Omit<PruneOptions, "all">,
): Promise<Inspected> {
  const query = { ...filtersOf(filters), "dry-run": dryRun };
  return client.json({ method: "POST", path: `/${kind}/prune`, query });
}

export function imagesOf(client: Client): Images {
  return {
    pull: (name, { platform } = {}) => {
      const query = { fromImage: name, tag: /[:@][^/]*$/.test(name) ? undefined : "latest", platform };
      return checked(client.values<Progress>({ method: "POST", path: "/images/create", query }));
    },
    list: (filters) => client.json({ method: "GET", path: "/images/json", query: filtersOf(filters) }),
    inspect: (name) => client.json({ method: "GET", path: at`/images/${name}/json` }),
    async tag(name, to) {
      const [repo, tag = "latest"] = nameAndTag(to);
      await client.json({ method: "POST", path: at`/images/${name}/tag`, query: { repo, tag } });
    },
    async remove(name, { force = false } = {}) {
      await client.json({ method: "DELETE", path: at`/images/${name}`, query: { force } });
    },
    history: (name) => client.json({ method: "GET", path: at`/images/${name}/history` }),
    push: (name, { auth = {} } = {}) => {
      const [repo, tag = "latest"] = nameAndTag(name);
      const path = at`/images/${repo}/push`;
      const headers = { "x-registry-auth": Buffer.from(JSON.stringify(auth)).toString("base64url") };
      return checked(client.values<Progress>({ method: "POST", path, query: { tag }, headers }));
    },
    async prune({ all = false, ...o } = {}) {
      const found = await prune(client, "images", {
        ...o,
        filters: { dangling: [String(!all)], ...o.filters },
      });
      const removed = (found.ImagesDeleted ?? []) as { Untagged?: string; Deleted?: string }[];
      return {
        removed: removed.flatMap(({ Untagged, Deleted }) => Untagged ?? Deleted ?? []),
        reclaimed: found.SpaceReclaimed,
      };
    },
    build: (spec) => build(client, spec),
    save: (...names) => bytes(client, "/images/get", { names }),
    load: (tar) =>
      checked(
        client.values<Progress>({
          ...{ method: "POST", path: "/images/load", stream: tar },
          headers: { "content-type": "application/x-tar" },
        }),
      ),
  };
}

export function volumesOf(client: Client): Volumes {
  return {
    create: ({ name, labels, options } = {}) =>
      client.json({
        method: "POST",
        path: "/volumes/create",
        body: { Name: name, Labels: labels, DriverOpts: options },
      }),
    async list(filters) {
      const found = await client.json<Inspected>({
        method: "GET",
        path: "/volumes",
        query: filtersOf(filters),
      });
      return found.Volumes ?? [];
    },
    inspect: (name) => client.json({ method: "GET", path: at`/volumes/${name}` }),
    async remove(name, { force = false } = {}) {
      await client.json({ method: "DELETE", path: at`/volumes/${name}`, query: { force } });
    },
    async rename(name, to) {
      await client.json({ method: "POST", path: at`/inro/volumes/${name}/rename`, query: { name: to } });
    },
    clone: (name, to) =>
      client.json({ method: "POST", path: at`/inro/volumes/${name}/clone`, body: { Name: to } }),
    export: (name) => bytes(client, at`/inro/volumes/${name}/export`),
    async import(name, tar) {
      const path = at`/inro/volumes/${name}/import`;
      const headers = { "content-type": "application/x-tar" };
      return await client.json({ method: "POST", path, stream: tar, headers });
    },
    async prune({ all = false, ...o } = {}) {
      const found = await prune(client, "volumes", {
        ...o,
        filters: { ...(all ? { all: ["true"] } : {}), ...o.filters },
      });
      return { removed: found.VolumesDeleted ?? [], reclaimed: found.SpaceReclaimed };
    },
  };
}

export function networksOf(client: Client): Networks {
  return {
    async create({ name, options }) {
      const body = { ...options, Name: name };
      return (await client.json<Inspected>({ method: "POST", path: "/networks/create", body })).Id;
    },
    list: (filters) => client.json({ method: "GET", path: "/networks", query: filtersOf(filters) }),
    inspect: (name) => client.json({ method: "GET", path: at`/networks/${name}` }),
    async remove(name) {
      await client.json({ method: "DELETE", path: at`/networks/${name}` });
    },
    async connect(network, container, settings = {}) {
      const body = { Container: container, EndpointConfig: endpoint(settings) };
      await client.json({ method: "POST", path: at`/networks/${network}/connect`, body });
    },
    async disconnect(network, container) {
      await client.json({
        method: "POST",
        path: at`/networks/${network}/disconnect`,
        body: { Container: container },
      });
    },
    prune: async (o = {}) => (await prune(client, "networks", o)).NetworksDeleted ?? [],
  };
}
