/** A Compose project that is brought up and down while somebody is killed, and what there has to be of it then. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { cgroupsOf, type Daemon, findings, nativesOf } from "./daemon.ts";

export const PROJECT = "cut";

/** Each kind of dependency, two replicas, a port, volumes, networks, a configuration; `V` changes two of its services. */
export const FILE = `
services:
  setup:
    image: busybox
    command: sh -c 'echo whole > /data/ready'
    volumes: [data:/data]
  store:
    image: busybox
    command: sleep 7200
    init: true
    environment: { V: "\${V}" }
    volumes: [data:/data, /scratch]
    networks: [back]
    depends_on: { setup: { condition: service_completed_successfully } }
    healthcheck: { test: [CMD, grep, -q, whole, /data/ready], interval: 100ms, timeout: 20s, retries: 100 }
  worker:
    image: busybox
    command: sleep 7200
    init: true
    scale: 2
    environment: { V: "\${V}" }
    networks: { back: { aliases: [work] } }
    depends_on: { store: { condition: service_healthy } }
  web:
    image: busybox
    command: sleep 7200
    stop_signal: SIGKILL
    ports: ["127.0.0.1::80"]
    configs: [page]
    volumes: [cache:/cache]
    networks: [back, front]
    depends_on: [worker]
configs: { page: { content: "of \${V:-nobody}" } }
volumes: { data: , cache: }
networks: { back: { internal: true }, front: }
`;

/** One more service, which is an orphan where the file is left out. */
export const MORE = `
services:
  extra: { image: busybox, command: sleep 7200, stop_signal: SIGKILL, networks: [back], depends_on: [store] }
`;

interface Listed {
  readonly Names: readonly [string];
  readonly State: string;
  readonly Status: string;
  readonly Labels: Readonly<Record<string, string>>;
  readonly NetworkSettings: { readonly Networks: object };
}

const OF = `filters=${JSON.stringify({ label: [`com.docker.compose.project=${PROJECT}`] })}`;

/** What the engine has of the project, in words; `hashes`: of a service that is as its file says it. */
export async function found(d: Daemon, hashes: ReadonlyMap<string, string>): Promise<object> {
  const containers: Listed[] = JSON.parse(await d.ask("GET", `/containers/json?all=1&${OF}`));
  const networks: { Name: string }[] = JSON.parse(await d.ask("GET", `/networks?${OF}`));
  const volumes: { Name: string }[] = JSON.parse(await d.ask("GET", `/volumes?${OF}`)).Volumes;
  const names = (list: readonly { Name: string }[]) => list.map(({ Name }) => Name).sort();
  return {
    containers: containers.map((one) => told(one, hashes)).sort(),
    networks: names(networks),
    volumes: names(volumes),
  };
}

function told(
  { Names: [name], State, Status, Labels, NetworkSettings }: Listed,
  hashes: ReadonlyMap<string, string>,
) {
  const label = (key: string) => Labels[`com.docker.compose.${key}`] ?? "";
  const isAsAsked = hashes.get(label("service")) === label("config-hash") ? "as asked" : "of another file";
  const state = Status.includes("(healthy)")
    ? "healthy"
    : State === "exited"
      ? Status.split(" (")[1]?.[0]
      : State;
  const networks = Object.keys(NetworkSettings.Networks).sort().join("+");
  return `${name} ${label("service")} ${label("container-number")} ${state} ${isAsAsked} ${networks}`;
}

/** What there has to be. */
export const asked = (withMore: boolean) => ({
  containers: [
    ...(withMore ? [`/${PROJECT}-extra-1 extra 1 running as asked ${PROJECT}_back`] : []),
    `/${PROJECT}-setup-1 setup 1 0 as asked ${PROJECT}_default`,
    `/${PROJECT}-store-1 store 1 healthy as asked ${PROJECT}_back`,
    `/${PROJECT}-web-1 web 1 running as asked ${PROJECT}_back+${PROJECT}_front`,
    `/${PROJECT}-worker-1 worker 1 running as asked ${PROJECT}_back`,
    `/${PROJECT}-worker-2 worker 2 running as asked ${PROJECT}_back`,
  ],
  networks: ["back", "default", "front"].map((name) => `${PROJECT}_${name}`),
  volumes: ["cache", "data"].map((name) => `${PROJECT}_${name}`),
});

/** Everything of the engine's that a project could have left: in its lists, on the disk, in the kernel. */
export async function remains(d: Daemon): Promise<Readonly<Record<string, readonly unknown[]>>> {
  const listed = async (path: string) => JSON.parse(await d.ask("GET", path));
  const run = async (program: string, ...words: string[]) => (await d.host.run(program, words)).stdout;
  const links = await run("ip", "-o", "link");
  return {
    containers: await listed("/containers/json?all=1"),
    networks: await listed('/networks?filters={"type":["custom"]}'),
    volumes: (await listed("/volumes")).Volumes,
    folders: ["containers", "volumes", "trash", "ingest"].flatMap((name) =>
      readdirSync(join(d.dataRoot, name)),
    ),
    sockets: readdirSync(join(d.execRoot, "containers")),
    cgroups: cgroupsOf(d.dataRoot).filter((path) => /\/[0-9a-f]{64}$/.test(path)),
    processes: nativesOf(d.dataRoot),
    links: links.match(/^\d+: (inro[0-9a-f]+@|br-)\S*/gm) ?? [],
    listening: (await run("cat", "/proc/net/tcp")).match(/^ *\d+: \S+ \S+ 0A/gm) ?? [],
    mounts: readFileSync("/proc/self/mountinfo", "utf8")
      .split("\n")
      .filter((line) => line.includes(d.dataRoot)),
    findings: await findings(d),
  };
}
