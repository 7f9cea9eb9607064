/** Rows of builds: inro beside docker's classic builder, BuildKit and podman, each by its own command line. */
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tool, toolRoot } from "../test/support/tools.ts";
import type { Engine } from "./contenders/engine.ts";
import { IMAGE } from "./image.ts";
import { heldBy, peakOf } from "./images/peak.ts";
import { finish } from "./programs.ts";
import { megabyte } from "./rows.ts";
import { type Attempt, interleave, medians } from "./sample.ts";
import type { Row } from "./table.ts";

/** A command line that builds: words before the context. */
interface BuilderLine {
  readonly name: string;
  readonly words: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

const PEERS = ["docker", "BuildKit", "podman"] as const;

/** Docker's own command line finds BuildKit's front in a folder of its configuration. */
function buildkit(docker: Engine, folder: string): BuilderLine | undefined {
  if (tool("docker-buildx") === undefined) return undefined;
  const plugins = join(folder, "docker-config/cli-plugins");
  mkdirSync(plugins, { recursive: true });
  const program = join(toolRoot("docker-buildx") ?? "", "usr/libexec/docker/cli-plugins/docker-buildx");
  symlinkSync(program, join(plugins, "docker-buildx"));
  const environment = {
    ...docker.environment,
    DOCKER_BUILDKIT: "1",
    DOCKER_CONFIG: join(folder, "docker-config"),
    BUILDKIT_PROGRESS: "plain",
  };
  return { name: "BuildKit", words: [...docker.cli, "build"], environment };
}

function linesOf(engines: readonly Engine[], folder: string): BuilderLine[] {
  const docker = engines.find(({ name }) => name === "docker");
  const inro = engines.find(({ name }) => name === "inro");
  const more: BuilderLine[] = [];
  if (docker !== undefined && inro !== undefined)
    more.push({
      ...{ name: "inro, by docker's CLI", words: [...docker.cli, "build"] },
      environment: { ...inro.environment, DOCKER_BUILDKIT: "0" },
    });
  const all = engines.flatMap((engine): BuilderLine[] => {
    const { name, environment, cli } = engine;
    const own = { name, words: [...cli, "build"], environment: { ...environment, DOCKER_BUILDKIT: "0" } };
    const second = name === "docker" ? buildkit(engine, folder) : undefined;
    return second === undefined ? [own] : [own, second];
  });
  return [...all, ...more];
}

const builds = (
  lines: readonly BuilderLine[],
  context: (name: string) => string,
  more: readonly string[] = [],
  before?: (name: string, round: number) => void,
): Attempt[] =>
  lines.map(({ name, words, environment }) => ({
    name,
    run: async (round) => {
      before?.(name, round);
      await finish([...words, ...more, "-t", nameOf(name), context(name)], environment);
    },
  }));

const nameOf = (name: string) => `localhost/built-${name.toLowerCase().replace(/[^a-z]+/g, "-")}`;

/** Milliseconds in which the daemon gives back what other rows took. */
const settle = 35_000;

const budget = { factor: 0.5, against: PEERS };

function smallFiles(folder: string, count: number): void {
  for (let n = 0; n < count; n++) {
    const part = join(folder, "src", String(n % 50));
    if (n < 50) mkdirSync(part, { recursive: true });
    writeFileSync(join(part, `${n}.txt`), `file ${n}\n`.repeat(n % 400));
  }
}

/** Megabytes, in files of one. */
function largeFiles(folder: string, megabytes: number): void {
  mkdirSync(join(folder, "data"), { recursive: true });
  for (let n = 0; n < megabytes; n++) {
    const bytes = new Uint8Array(1 << 20);
    crypto.getRandomValues(bytes.subarray(0, 65536));
    writeFileSync(join(folder, "data", `${n}.bin`), bytes);
  }
}

const dockerfile = (folder: string, lines: readonly string[]): string => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "Dockerfile"), `${[`FROM ${IMAGE}`, ...lines].join("\n")}\n`);
  return folder;
};

export async function* buildRows(
  engines: readonly Engine[],
  folder: string,
  { rounds, share }: { readonly rounds: number; readonly share: number },
): AsyncGenerator<Row> {
  const lines = linesOf(engines, folder);
  const row = async (work: string, attempts: readonly Attempt[], times = rounds): Promise<Row> => ({
    ...{ work: `build, ${work}`, unit: "ms", budget },
    values: medians(await interleave(attempts, times)),
  });
  const steps = (count: number) => Array.from({ length: count }, (_, n) => `RUN echo ${n} > /file-${n}`);

  const small = dockerfile(join(folder, "small"), [...steps(10), "COPY src /src"]);
  smallFiles(small, Math.ceil(5000 * share));
  yield await row(
    "10 RUN and a COPY of 5,000 files, cold",
    builds(lines, () => small, ["--no-cache"]),
  );
  yield await row(
    "the same, cached",
    builds(lines, () => small),
    3 * rounds,
  );

  const stage = (name: string) => `FROM ${IMAGE} AS ${name}\nRUN sleep 2; echo ${name} > /${name}`;
  const names = ["a", "b", "c", "d"];
  const copies = names.map((name) => `COPY --from=${name} /${name} /`);
  const stages = dockerfile(join(folder, "stages"), [...names.map(stage), `FROM ${IMAGE}`, ...copies]);
  yield await row(
    "four stages of sleep 2",
    builds(lines, () => stages, ["--no-cache"]),
    Math.min(rounds, 2),
  );

  const fifty = dockerfile(join(folder, "fifty"), steps(50));
  yield await row(
    "50 RUN, cached",
    builds(lines, () => fifty),
    3 * rounds,
  );

  const large = (name: string) => join(folder, `large-${name.replace(/[^A-Za-z]+/g, "-")}`);
  for (const { name } of lines) {
    dockerfile(large(name), ["COPY data /data"]);
    largeFiles(large(name), Math.ceil(1024 * share));
  }
  const change = (name: string, round: number) =>
    writeFileSync(join(large(name), "data/0.bin"), `${name} ${round} ${Date.now()}`);
  yield await row(
    "a context of 1 GB with one changed file",
    builds(lines, large, [], change),
    Math.min(rounds, 3),
  );

  const own = engines.find(({ name }) => name === "inro");
  const line = lines.find(({ name }) => name === "inro");
  if (own === undefined || line === undefined) return;
  const processes = () => own.daemonProcesses(new Set());
  const [attempt] = builds([line], large, ["--no-cache"]);
  await Bun.sleep(settle);
  const rest = heldBy(processes());
  const peak = await peakOf(processes, async () => attempt?.run(0));
  yield {
    ...{ work: "build, the same without the cache: the daemon's memory above rest", unit: "MB" },
    values: new Map([["inro", (peak - rest) / megabyte]]),
    budget: { limit: 60 },
  };
}
