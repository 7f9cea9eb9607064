import { spawn } from "node:child_process";
import { type Client, client } from "./client.ts";
import type { Engine } from "./contenders/engine.ts";
import { makeBundle, mountNamespace, type OciRuntime, ociRuntimes } from "./contenders/oci.ts";
import { IMAGE } from "./image.ts";
import { parentOf, pssOfAll } from "./memory.ts";
import { type Attempt, interleave, medians } from "./sample.ts";
import type { Row } from "./table.ts";

const megabyte = 1024 * 1024;

/** An engine with a connection to its API. */
export interface Served extends Engine {
  readonly api: Client;
}

export const served = (engines: readonly Engine[]): Served[] =>
  engines.flatMap((engine) =>
    engine.socket === undefined ? [] : [{ ...engine, api: client(engine.socket) }],
  );

/** Runs a command to its end, output thrown away; rejects with its errors when it fails. */
export function finish(
  words: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<void> {
  const [program = "", ...rest] = words;
  const child = spawn(program, rest, {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, ...environment },
  });
  let said = "";
  child.stderr.on("data", (data) => {
    said += String(data);
  });
  return new Promise((done, failed) => {
    child.once("error", failed);
    child.once("close", (code) =>
      code === 0 ? done() : failed(new Error(`${words.join(" ")}: exit code ${code}: ${said.trim()}`)),
    );
  });
}

export async function ociRow(folder: string, busybox: string, rounds: number): Promise<Row> {
  const bundle = makeBundle(folder, busybox);
  const [whole, v1] = [await mountNamespace(folder, false), await mountNamespace(folder, true)];
  const attempt = (runtime: OciRuntime): Attempt => {
    const { enter } = runtime.oneCgroupVersion ? v1 : whole;
    const command = [
      ...enter,
      runtime.program,
      "--root",
      `${folder}/state-${runtime.name}`,
      "run",
      "--bundle",
      bundle,
    ];
    return {
      name: runtime.name,
      run: (round) => finish([...command, `bench-${runtime.name}-${round}`], runtime.environment),
    };
  };
  const times = await interleave(ociRuntimes().map(attempt), rounds, 2);
  await Promise.all([whole.close(), v1.close()]);
  return {
    work: "OCI run true",
    unit: "ms",
    values: medians(times),
    budget: { factor: 0.4, against: "runc", and: { factor: 1, against: "crun" } },
  };
}

export async function cliRow(engines: readonly Engine[], rounds: number): Promise<Row> {
  const docker = engines.find((engine) => engine.name === "docker");
  const inro = engines.find((engine) => engine.name === "inro");
  const attempts = engines.map((engine) => run(engine.name, engine.cli, engine.environment));
  if (docker !== undefined && inro !== undefined)
    attempts.push(run("inro, by docker's CLI", docker.cli, inro.environment));
  return {
    work: "CLI run --rm IMAGE true, on the bridge",
    unit: "ms",
    values: medians(await interleave(attempts, rounds)),
    budget: { factor: 0.15, against: "docker" },
  };
}

const run = (
  name: string,
  cli: readonly string[],
  environment: Readonly<Record<string, string>>,
): Attempt => ({
  name,
  run: () => finish([...cli, "run", "--rm", IMAGE, "true"], environment),
});

export async function apiRow(engines: readonly Served[], rounds: number): Promise<Row> {
  const attempts = engines.map(
    ({ name, api }): Attempt => ({
      name,
      run: async () => {
        const id = await create(api, ["true"]);
        const ended = api.call("POST", `/containers/${id}/wait?condition=next-exit`);
        await api.call("POST", `/containers/${id}/start`);
        await ended;
        await api.call("DELETE", `/containers/${id}`);
      },
    }),
  );
  return {
    work: "API create + start + wait + delete, on the bridge",
    unit: "ms",
    values: medians(await interleave(attempts, rounds)),
    budget: { factor: 0.1, against: "docker" },
  };
}

async function create(api: Client, command: readonly string[]): Promise<string> {
  const made = await api.call("POST", "/containers/create", { Image: IMAGE, Cmd: command });
  return (made as { Id: string }).Id;
}

async function startOne(api: Client): Promise<string> {
  const id = await create(api, ["sleep", "3600"]);
  await api.call("POST", `/containers/${id}/start`);
  return id;
}

export async function execRow(engines: readonly Served[], rounds: number): Promise<Row> {
  const targets = await Promise.all(
    engines.map(async ({ name, api }) => ({ name, api, id: await startOne(api) })),
  );
  const attempts = targets.map(({ name, api, id }) => ({ name, run: () => api.execAndWait(id, ["true"]) }));
  const times = await interleave(attempts, rounds);
  await Promise.all(targets.map(({ api, id }) => remove(api, id)));
  return {
    work: "API exec true",
    unit: "ms",
    values: medians(times),
    budget: { factor: 0.25, against: "docker" },
  };
}

const remove = (api: Client, id: string) => api.call("DELETE", `/containers/${id}?force=true`);

/** What an idle daemon and everything it keeps beside it hold. */
export async function idleRow(engines: readonly Served[]): Promise<Row> {
  await Bun.sleep(2000);
  const values = new Map(
    engines.map((engine) => [engine.name, pssOfAll(engine.daemonProcesses(new Set())) / megabyte]),
  );
  return { work: "daemon idle, memory (PSS)", unit: "MB", values, budget: { limit: 50 } };
}

/** Starts `count` containers on each engine in turns, then looks at them: three rows. */
export async function manyRows(engines: readonly Served[], count: number): Promise<Row[]> {
  const ids = new Map<string, string[]>(engines.map(({ name }) => [name, []]));
  const before = new Map(engines.map((engine) => [engine.name, daemonMemory(engine, new Set())]));
  const attempts = engines.map(({ name, api }) => ({
    name,
    run: async () => ids.get(name)?.push(await startOne(api)),
  }));
  try {
    const start = medians(await interleave(attempts, count, 0));
    const lists = engines.map(({ name, api }) => ({ name, run: () => api.call("GET", "/containers/json") }));
    const list = medians(await interleave(lists, 20, 2));
    const memory = new Map<string, number>();
    for (const engine of engines)
      memory.set(
        engine.name,
        await perContainer(engine, ids.get(engine.name) ?? [], before.get(engine.name) ?? 0),
      );
    return [
      {
        work: `start ${count} containers, one at a time, each`,
        unit: "ms",
        values: start,
        budget: { limit: 25 },
      },
      {
        work: `memory per running container (PSS beside its program, the daemon's growth included), of ${count}`,
        unit: "MB",
        values: memory,
        budget: { limit: 0.1 },
      },
      {
        work: `list ${count} running containers (API)`,
        unit: "ms",
        values: list,
        budget: { factor: 0.2, against: "docker" },
      },
    ];
  } finally {
    await Promise.all(engines.map(({ name, api }) => removeAll(api, ids.get(name) ?? [])));
  }
}

const daemonMemory = (engine: Engine, except: ReadonlySet<number>) =>
  pssOfAll(engine.daemonProcesses(except));

async function removeAll(api: Client, ids: readonly string[]): Promise<void> {
  for (const id of ids) await remove(api, id);
}

/** Bytes of the process that holds a container (monitor, shim), averaged, and of what its daemon grew by. */
async function perContainer(engine: Served, ids: readonly string[], before: number): Promise<number> {
  const programs = await Promise.all(
    ids.map(async (id) => {
      const { State } = (await engine.api.call("GET", `/containers/${id}/json`)) as {
        State: { Pid: number };
      };
      return State.Pid;
    }),
  );
  const holders = new Set(programs.map(parentOf));
  const growth = Math.max(0, daemonMemory(engine, holders) - before);
  return (pssOfAll(holders) + growth) / ids.length / megabyte;
}
