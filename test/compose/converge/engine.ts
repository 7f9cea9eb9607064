import type { Actual, Found, FoundEndpoint, FoundNetwork } from "../../../src/compose/converge/actual.ts";
import { hostPorts } from "../../../src/compose/converge/body/ports.ts";
import { imageName } from "../../../src/compose/converge/labels.ts";
import { networkBody } from "../../../src/compose/converge/objects.ts";
import { hashOf, joined } from "../../../src/compose/converge/resolve.ts";
import type { Action, Step } from "../../../src/compose/converge/step.ts";
import { peersThere } from "../../../src/compose/converge/up.ts";
import type { Project, Service } from "../../../src/compose/model/project.ts";

/** An engine of plain data, which refuses what an engine refuses. */
export interface PureEngine {
  containers: readonly Found[];
  networks: ReadonlyMap<string, FoundNetwork>;
  volumes: Actual["volumes"];
  images: Actual["images"];
  /** For ids. */
  made: number;
}

export const emptyEngine = (): PureEngine => ({
  containers: [],
  networks: new Map(),
  volumes: new Map(),
  images: new Map(),
  made: 0,
});

export const actualOf = (engine: PureEngine): Actual => ({ ...engine, strangers: new Map() });

const fail = (what: string): never => {
  throw new Error(`the engine refuses: ${what}`);
};

const find = (engine: PureEngine, name: string): Found =>
  engine.containers.find((found) => found.name === name) ?? fail(`there is no container ${name}`);

const change = (engine: PureEngine, name: string, fields: Partial<Found>): void => {
  find(engine, name);
  engine.containers = engine.containers.map((found) =>
    found.name === name ? { ...found, ...fields } : found,
  );
};

const isUp = ({ state }: Found) => state === "running" || state === "paused";

/** Does a step's action, as an engine would. */
export function apply(engine: PureEngine, project: Project, action: Action): void {
  const doing = DOINGS[action.kind] as (engine: PureEngine, project: Project, action: Action) => void;
  doing(engine, project, action);
}

type ActionOf<K extends Action["kind"]> = Extract<Action, { readonly kind: K }>;

const nothing = () => {};

const DOINGS: {
  readonly [K in Action["kind"]]: (engine: PureEngine, project: Project, action: ActionOf<K>) => void;
} = {
  "create network": (engine, project, { key, name }) => {
    if (engine.networks.has(name)) fail(`the network ${name} is there`);
    const wanted = project.networks.get(key) ?? fail(`there is no network ${key} in the file`);
    const { Labels } = networkBody(project, key, wanted) as { Labels: Record<string, string> };
    const network: FoundNetwork = {
      id: `network-${++engine.made}`,
      name,
      driver: wanted.driver ?? "bridge",
      options: wanted.driver_opts ?? {},
      labels: Labels,
      internal: wanted.internal ?? false,
      attachable: wanted.attachable ?? false,
      ipv4: true,
      ipv6: false,
      pools: [],
      strangers: [],
    };
    engine.networks = new Map(engine.networks).set(name, network);
  },
  "create volume": (engine, project, { key, name }) => {
    const labels = { "com.docker.compose.project": project.name, "com.docker.compose.volume": key };
    engine.volumes = new Map(engine.volumes).set(name, { name, driver: "local", options: {}, labels });
  },
  "remove network": (engine, _project, { name, disconnect }) => {
    for (const container of disconnect) {
      const { networks } = find(engine, container);
      const { [name]: _gone, ...others } = networks;
      change(engine, container, { networks: others });
    }
    const user = engine.containers.find((found) => found.networks[name] !== undefined);
    if (user !== undefined) fail(`${user.name} is on the network ${name}`);
    const networks = new Map(engine.networks);
    networks.delete(name);
    engine.networks = networks;
  },
  "remove volume": (engine, _project, { name }) => {
    const volumes = new Map(engine.volumes);
    volumes.delete(name);
    engine.volumes = volumes;
  },
  "remove image": nothing,
  pull: nothing,
  build: nothing,
  push: nothing,
  create: (engine, project, { service: key, number, name, inherits }) => {
    if (engine.containers.some((found) => found.name === name)) fail(`the name ${name} is taken`);
    const service = project.services.get(key) ?? fail(`there is no service ${key}`);
    const peers = (other: string) => peersThere(actualOf(engine), other);
    for (const other of joined(service))
      if (peers(other).length === 0) fail(`there is no container of ${other}`);
    const id = String(++engine.made)
      .padStart(12, "0")
      .padEnd(64, "c");
    const volumes = (service.volumes ?? []).filter((mount) => mount.type === "volume");
    const found: Found = {
      id,
      name,
      service: key,
      number,
      oneOff: false,
      state: "created",
      hash: hashOf(service, peers),
      image: engine.images.get(imageName(project, service))?.id ?? fail("the image is not there"),
      networks: endpoints(engine, project, service),
      ports: [],
      anonymous: Object.fromEntries(
        volumes.flatMap(({ source, target }) =>
          source === undefined ? [[target, inherits[target] ?? `${id.slice(0, 12)}${target}`]] : [],
        ),
      ),
      volumes: volumes.flatMap(({ source }) => (source === undefined ? [] : [`${project.name}_${source}`])),
      dependsOn: {},
      outdated: [],
      differences: [],
    };
    engine.containers = [...engine.containers, found];
  },
  start: (engine, project, { container }) => {
    const found = find(engine, container);
    if (found.state === "dead" || found.state === "removing") fail(`${container} is ${found.state}`);
    for (const [name, { id }] of Object.entries(found.networks))
      if (engine.networks.get(name)?.id !== id) fail(`${container} is on a network that is gone: ${name}`);
    const service = project.services.get(found.service) ?? fail(`there is no service ${found.service}`);
    for (const other of joined(service))
      if (!engine.containers.some((each) => each.service === other && isUp(each)))
        fail(`${container} joins ${other}, which does not run`);
    const ports = hostPorts(service);
    const addresses = Object.values(found.networks).flatMap((each) => each.addresses);
    for (const other of engine.containers.filter((each) => each !== found && isUp(each))) {
      const theirs = [...other.ports, ...Object.values(other.networks).flatMap((each) => each.addresses)];
      const taken = theirs.find((each) => [...ports, ...addresses].includes(each));
      if (taken !== undefined) fail(`${container} wants ${taken}, which ${other.name} has`);
    }
    change(engine, container, {
      state: "running",
      ports,
      ...(service.healthcheck ? { health: "healthy" } : {}),
    });
  },
  stop: (engine, _project, { container }) => change(engine, container, { state: "exited", ports: [] }),
  restart: nothing,
  kill: (engine, _project, { container }) => change(engine, container, { state: "exited", ports: [] }),
  pause: (engine, _project, { container }) => change(engine, container, { state: "paused" }),
  unpause: (engine, _project, { container }) => {
    if (find(engine, container).state !== "paused") fail(`${container} is not paused`);
    change(engine, container, { state: "running" });
  },
  remove: (engine, _project, { container }) => {
    if (isUp(find(engine, container))) fail(`${container} runs`);
    engine.containers = engine.containers.filter(({ name }) => name !== container);
  },
  rename: (engine, _project, { container, to }) => {
    if (engine.containers.some((found) => found.name === to)) fail(`the name ${to} is taken`);
    change(engine, container, { name: to });
  },
  wait: (engine, _project, { containers }) => {
    for (const name of containers)
      if (!isUp(find(engine, name))) fail(`${name} is waited for and does not run`);
  },
};

function endpoints(engine: PureEngine, project: Project, service: Service): Record<string, FoundEndpoint> {
  const own = Object.entries(service.networks ?? {}).map(([key, endpoint]) => {
    const name = project.networks.get(key)?.name ?? fail(`there is no network ${key} in the file`);
    const { id } = engine.networks.get(name) ?? fail(`there is no network ${name}`);
    const address = endpoint?.ipv4_address;
    return [name, { id, addresses: address === undefined ? [] : [address] }] as const;
  });
  return Object.fromEntries(own);
}

/** Does steps in one of the orders that they allow; `limit`: no more than so many, as if cut off. */
export function perform(
  engine: PureEngine,
  project: Project,
  steps: readonly Step[],
  {
    pick,
    limit = Number.POSITIVE_INFINITY,
  }: { readonly pick: (count: number) => number; readonly limit?: number },
): void {
  const done = new Set<string>();
  let left = [...steps];
  for (let count = 0; count < limit && left.length > 0; count++) {
    const ready = left.filter(({ after }) => after.every((id) => done.has(id)));
    const step = ready[pick(ready.length)];
    if (step === undefined) throw new Error("steps wait for each other");
    apply(engine, project, step.action);
    done.add(step.id);
    left = left.filter((each) => each !== step);
  }
}
