import { at, type Client } from "../client/client.ts";
import type { Inspected } from "./container.ts";

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

export interface Images {
  /** Iterate over it for its progress; it has pulled when that ends. Throws where the registry says no. */
  pull(name: string, o?: { readonly platform?: string }): AsyncGenerator<Progress, void>;
  list(filters?: Filters): Promise<readonly Inspected[]>;
  inspect(name: string): Promise<Inspected>;
  tag(name: string, to: string): Promise<void>;
  remove(name: string, o?: { readonly force?: boolean }): Promise<void>;
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
}

export interface Networks {
  create(o: { readonly name: string; readonly options?: Readonly<Record<string, unknown>> }): Promise<string>;
  list(filters?: Filters): Promise<readonly Inspected[]>;
  inspect(name: string): Promise<Inspected>;
  remove(name: string): Promise<void>;
  connect(network: string, container: string, o?: { readonly aliases?: readonly string[] }): Promise<void>;
  disconnect(network: string, container: string): Promise<void>;
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

export function imagesOf(client: Client): Images {
  return {
    pull: (name, { platform } = {}) => {
      const query = { fromImage: name, tag: /[:@][^/]*$/.test(name) ? undefined : "latest", platform };
      return checked(client.values<Progress>({ method: "POST", path: "/images/create", query }));
    },
    list: (filters) => client.json({ method: "GET", path: "/images/json", query: filtersOf(filters) }),
    inspect: (name) => client.json({ method: "GET", path: at`/images/${name}/json` }),
    async tag(name, to) {
      const colon = to.lastIndexOf(":");
      const [repo, tag] =
        colon > to.lastIndexOf("/") ? [to.slice(0, colon), to.slice(colon + 1)] : [to, "latest"];
      await client.json({ method: "POST", path: at`/images/${name}/tag`, query: { repo, tag } });
    },
    async remove(name, { force = false } = {}) {
      await client.json({ method: "DELETE", path: at`/images/${name}`, query: { force } });
    },
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
    async connect(network, container, { aliases } = {}) {
      const body = { Container: container, EndpointConfig: { Aliases: aliases } };
      await client.json({ method: "POST", path: at`/networks/${network}/connect`, body });
    },
    async disconnect(network, container) {
      await client.json({
        method: "POST",
        path: at`/networks/${network}/disconnect`,
        body: { Container: container },
      });
    },
  };
}
