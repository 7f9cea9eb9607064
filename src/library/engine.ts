import { socketPath } from "../client/address.ts";
import { ApiError, type Client, openClient } from "../client/client.ts";
import { meet } from "../client/peer.ts";
import { connectTo } from "../client/socket.ts";
import { type Container, containerOf, type Inspected } from "./container.ts";
import {
  type Images,
  imagesOf,
  type Networks,
  networksOf,
  type Pruned,
  type PruneOptions,
  prune,
  type Volumes,
  volumesOf,
} from "./objects.ts";
import { type ContainerSpec, createBody } from "./spec.ts";

export interface Containers {
  /** Made, and not started. */
  create(spec: ContainerSpec): Promise<Container>;
  /** By name, id or its beginning; that it is there is found out by the first thing asked of it. */
  get(container: string): Container;
  list(o?: {
    readonly all?: boolean;
    readonly filters?: Readonly<Record<string, readonly string[]>>;
  }): Promise<readonly Inspected[]>;
  /** Those that do not run. */
  prune(o?: Omit<PruneOptions, "all">): Promise<Pruned>;
}

/** An engine, in this process or another. What fails throws an `Error` whose message says what, why and what to do. */
export interface Engine extends AsyncDisposable {
  readonly containers: Containers;
  readonly images: Images;
  readonly volumes: Volumes;
  readonly networks: Networks;
  /** Makes a container and starts it; an image that is missing is pulled, unless `pull` is false. */
  run(spec: ContainerSpec & { readonly pull?: boolean }): Promise<Container>;
  /** What happens from now on, or from `since`, until `until` or the end of the iteration. */
  events(o?: {
    readonly since?: Date;
    readonly until?: Date;
    readonly filters?: Readonly<Record<string, readonly string[]>>;
  }): AsyncGenerator<Inspected, void>;
  info(): Promise<Inspected>;
  version(): Promise<Inspected>;
  /** What images, containers and volumes take on the disk. */
  usage(): Promise<Inspected>;
  /** What `run` would do, operation by operation, as people read it; nothing is made. Ours alone. */
  explain(spec: ContainerSpec): Promise<string>;
  /** Containers run on. */
  close(): Promise<void>;
}

const SOCKET = "/run/inro/inro.sock";

/**
 * The engine that serves Docker's API at `host` (`unix:///run/inro/inro.sock`, or a path), $INRO_HOST, $DOCKER_HOST, or where
 * inro's is by default. INVALID_OPTION, CONNECTION_LOST.
 */
export async function connect(host?: string): Promise<Engine> {
  const asked = [
    [host, "Engine.connect"],
    [process.env["INRO_HOST"], "INRO_HOST"],
    [process.env["DOCKER_HOST"], "DOCKER_HOST"],
  ] as const;
  const [address = SOCKET, by = ""] = asked.find(([each]) => each !== undefined && each !== "") ?? [];
  const path = socketPath({ address, by });
  const peer = await meet(await connectTo(path));
  const client = openClient(
    () => connectTo(path),
    async () => peer,
  );
  return engineOf(client, async () => {});
}

export function engineOf(client: Client, close: () => Promise<void>): Engine {
  const containers = containersOf(client);
  const images = imagesOf(client);
  return {
    containers,
    images,
    volumes: volumesOf(client),
    networks: networksOf(client),
    run: (spec) => run({ containers, images }, spec),
    events: ({ since, until, filters } = {}) =>
      client.values({
        method: "GET",
        path: "/events",
        query: {
          since: since === undefined ? undefined : since.getTime() / 1000,
          until: until === undefined ? undefined : until.getTime() / 1000,
          filters: filters === undefined ? undefined : JSON.stringify(filters),
        },
      }),
    info: () => client.json({ method: "GET", path: "/info" }),
    version: () => client.json({ method: "GET", path: "/version" }),
    usage: () => client.json({ method: "GET", path: "/system/df" }),
    async explain(spec) {
      const body = createBody(spec);
      return (await client.json<Inspected>({ method: "POST", path: "/inro/explain", body })).printed;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function containersOf(client: Client): Containers {
  return {
    async create(spec) {
      const query = { name: spec.name };
      const body = createBody(spec);
      const made = await client.json<Inspected>({ method: "POST", path: "/containers/create", query, body });
      return containerOf(client, made.Id, made.Warnings ?? []);
    },
    get: (container) => containerOf(client, container),
    list: ({ all = false, filters } = {}) => {
      const asked = filters === undefined ? {} : { filters: JSON.stringify(filters) };
      return client.json({ method: "GET", path: "/containers/json", query: { all, ...asked } });
    },
    async prune(o = {}) {
      const found = await prune(client, "containers", o);
      return { removed: found.ContainersDeleted ?? [], reclaimed: found.SpaceReclaimed };
    },
  };
}

async function run(
  { containers, images }: Pick<Engine, "containers" | "images">,
  { pull = true, ...spec }: ContainerSpec & { readonly pull?: boolean },
): Promise<Container> {
  const container = await containers.create(spec).catch(async (error: unknown) => {
    const missing = error instanceof ApiError && error.status === 404 && /no such image/i.test(error.message);
    if (!missing || !pull) throw error;
    for await (const _ of images.pull(spec.image));
    return await containers.create(spec);
  });
  try {
    await container.start();
    return container;
  } catch (error) {
    await container[Symbol.asyncDispose]();
    throw error;
  }
}
