import type { Endpoint, Network, Project, Service } from "../../../src/compose/model/project.ts";

/** Whole numbers from 0 to below `count`, the same ones for a seed each time (mulberry32). */
export function random(seed: number): (count: number) => number {
  let state = seed;
  return (count) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * count);
  };
}

const NAMES = ["a", "b", "c", "d", "e"];
const NETWORKS = ["n1", "n2"];

/** A project of some of five services, small enough that two of them often want the same. */
export function randomProject(pick: (count: number) => number): Project {
  const chance = (percent: number) => pick(100) < percent;
  const one = <T>(all: readonly T[]): T => all[pick(all.length)] as T;
  const services = new Map<string, Service>();
  for (const name of NAMES) {
    if (chance(25)) continue;
    const before = [...services.keys()];
    const depends = before
      .filter(() => chance(40))
      .map((other) => {
        const isHealthy =
          services.get(other)?.healthcheck !== undefined && (services.get(other)?.scale ?? 1) > 0;
        const condition = isHealthy && chance(50) ? "service_healthy" : "service_started";
        return [other, { condition, restart: chance(40), required: true }] as const;
      });
    const base = before.filter(
      (other) => services.get(other)?.scale !== 0 && services.get(other)?.network_mode === undefined,
    );
    const joins = base.length > 0 && chance(15) ? one(base) : undefined;
    const named = chance(15);
    const port = chance(25) ? one(["8080", "8081"]) : undefined;
    const scale = named || port !== undefined ? pick(2) : pick(4);
    const address = scale === 1 && chance(15) ? one(["10.0.0.5", "10.0.0.6"]) : undefined;
    const networks: Record<string, Endpoint | null> = {};
    for (const key of NETWORKS) if (chance(60)) networks[key] = null;
    if (address !== undefined && "n1" in networks) networks["n1"] = { ipv4_address: address };
    services.set(name, {
      name,
      image: one(["one", "two"]),
      command: null,
      entrypoint: null,
      environment: { A: String(pick(2)) },
      scale,
      ...(named ? { container_name: one(["first", "second"]) } : {}),
      ...(chance(50) ? { healthcheck: { test: ["CMD", "true"] } } : {}),
      ...(chance(40) ? { volumes: [{ type: "volume", target: "/data" }] } : {}),
      ...(port === undefined ? {} : { ports: [{ target: 80, published: port, protocol: "tcp" }] }),
      ...(joins === undefined ? { networks } : { network_mode: `service:${joins}` }),
      depends_on: {
        ...Object.fromEntries(depends),
        ...(joins === undefined
          ? {}
          : { [joins]: { condition: "service_started", restart: true, required: true } }),
      },
      extensions: {},
    });
  }
  unclash(services);
  const network = (key: string): Network => ({
    name: `p_${key}`,
    external: false,
    labels: { v: String(pick(2)) },
    extensions: {},
  });
  return {
    name: "p",
    workingDir: "/",
    files: [],
    profiles: [],
    services,
    disabled: new Map(),
    networks: new Map(NETWORKS.map((key) => [key, network(key)])),
    volumes: new Map(),
    secrets: new Map(),
    configs: new Map(),
    models: new Map(),
    warnings: [],
    extensions: {},
  } as Project;
}

/** A name, a port and an address are one service's: a file that gives them to two can never come true. */
function unclash(services: Map<string, Service>): void {
  const taken = new Set<string>();
  for (const [key, service] of services) {
    const { container_name: name, ports = [], networks = {} } = service;
    const wanted = [
      name,
      ...ports.map(({ published }) => published),
      ...Object.values(networks).map((own) => own?.ipv4_address),
    ].filter((each) => each !== undefined);
    if (wanted.some((each) => taken.has(each))) services.set(key, plain(service));
    else for (const each of wanted) taken.add(each);
  }
}

function plain({ container_name: _name, ports: _ports, networks, ...rest }: Service): Service {
  const keys = Object.keys(networks ?? {}).map((key) => [key, null]);
  return { ...rest, ...(networks === undefined ? {} : { networks: Object.fromEntries(keys) }) };
}
