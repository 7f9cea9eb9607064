/**
 * Rows of Compose: a project of ten services comes and goes, by inro's own command line, and by docker compose's two
 * generations on every engine that has a socket.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tool, toolRoot } from "../test/support/tools.ts";
import { type Engine, end, until } from "./contenders/engine.ts";
import { IMAGE } from "./image.ts";
import { finish } from "./programs.ts";
import { interleave, medians } from "./sample.ts";
import type { Row } from "./table.ts";

/** A command line that knows `up`, and the engine that it speaks to. */
interface ComposeLine {
  readonly name: string;
  readonly words: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** What all of them read: 1.29 wants a version. Each service ends at once when it is told to. */
function project(): string {
  const service = (more: object) => ({
    image: IMAGE,
    command: ["sleep", "3600"],
    stop_signal: "SIGKILL",
    ...more,
  });
  const stores = ["data", "cache"].map((volume) => [volume, service({ volumes: [`${volume}:/${volume}`] })]);
  const middle = ["api", "auth", "jobs", "mail"].map((name) => [
    name,
    service({ depends_on: ["data", "cache"], environment: { STORE: "data", CACHE: "cache" } }),
  ]);
  const front = ["web", "admin", "hooks", "feed"].map((name, at) => [
    name,
    service({ depends_on: [middle[at]?.[0]], labels: { tier: "front" } }),
  ]);
  return JSON.stringify({
    version: "3.7",
    services: Object.fromEntries([...stores, ...middle, ...front]),
    volumes: { data: {}, cache: {} },
  });
}

/** podman's way: docker compose against the socket of its service. */
async function podmanService({ name, cli, environment }: Engine, folder: string) {
  const socket = join(folder, "podman.sock");
  const [program = "", ...words] = [...cli, "system", "service", "--time=0", `unix://${socket}`];
  const service = spawn(program, words, { stdio: "ignore", env: { ...process.env, ...environment } });
  await until("podman's service", () => existsSync(socket));
  return { name, socket, stop: () => end(service) };
}

function second(name: string, socket: string): ComposeLine[] {
  const program = tool("docker-compose-2");
  if (program === undefined) return [];
  return [{ name, words: [program], environment: { DOCKER_HOST: `unix://${socket}` } }];
}

function first(name: string, socket: string): ComposeLine[] {
  const root = toolRoot("docker-compose");
  if (root === undefined) return [];
  const environment = {
    DOCKER_HOST: `unix://${socket}`,
    PYTHONPATH: join(root, "usr/lib/python3/dist-packages"),
    PYTHONDONTWRITEBYTECODE: "1",
    PYTHONWARNINGS: "ignore",
  };
  const start = "from compose.cli.main import main; main()";
  return [{ name: `${name}, compose 1.29`, words: ["/usr/bin/python3", "-c", start], environment }];
}

function linesOf({ name, cli, environment, socket }: Engine): ComposeLine[] {
  if (socket === undefined) return [];
  if (name !== "inro") return [...second(name, socket), ...first(name, socket)];
  return [{ name, words: [...cli, "compose"], environment }, ...second("inro, by docker compose", socket)];
}

const PEERS = ["docker", "docker, compose 1.29", "podman"];

export async function composeRows(engines: readonly Engine[], at: string, rounds: number): Promise<Row[]> {
  const folder = join(at, "compose");
  mkdirSync(folder);
  const file = join(folder, "docker-compose.yml");
  writeFileSync(file, project());
  const podman = engines.find(({ name }) => name === "podman");
  const service = podman === undefined ? undefined : await podmanService(podman, folder);
  const lines = [
    ...engines.flatMap(linesOf),
    ...(service === undefined ? [] : second(service.name, service.socket)),
  ];
  const verb = ({ words, environment }: ComposeLine, ...more: string[]) =>
    finish([...words, "-p", "bench", "-f", file, ...more], environment);
  const again = new Map<string, number[]>();
  const down = new Map<string, number[]>();
  const timed = async (into: Map<string, number[]>, name: string, work: () => Promise<unknown>) => {
    const start = performance.now();
    await work();
    into.set(name, [...(into.get(name) ?? []), performance.now() - start]);
  };
  try {
    const up = await interleave(
      lines.map((line) => ({
        name: line.name,
        run: () => verb(line, "up", "-d"),
        settle: async () => {
          await timed(again, line.name, () => verb(line, "up", "-d"));
          await timed(down, line.name, () => verb(line, "down", "-v"));
        },
      })),
      rounds,
    );
    const against = { factor: 0.25, against: PEERS };
    // Their warm-up was timed with the others.
    const warm = (times: ReadonlyMap<string, readonly number[]>) =>
      medians(new Map([...times].map(([name, all]) => [name, all.slice(1)])));
    return [
      { work: "compose up -d of ten services", unit: "ms", values: medians(up), budget: against },
      { work: "compose up -d, nothing to change", unit: "ms", values: warm(again), budget: { limit: 200 } },
      { work: "compose down -v of ten services", unit: "ms", values: warm(down), budget: against },
    ];
  } finally {
    await service?.stop();
  }
}
