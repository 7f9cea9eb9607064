import { spawn } from "node:child_process";
import { type Client, client } from "./client.ts";
import type { Engine } from "./contenders/engine.ts";
import { IMAGE } from "./image.ts";
import { pssOfAll } from "./memory.ts";
import { finish } from "./programs.ts";
import { type Attempt, additions, interleave, medians } from "./sample.ts";
import type { Row } from "./table.ts";

export const megabyte = 1024 * 1024;

/** An engine with a connection to its API. */
export interface Served extends Engine {
  readonly api: Client;
}

export const served = (engines: readonly Engine[]): Served[] =>
  engines.flatMap((engine) =>
    engine.socket === undefined ? [] : [{ ...engine, api: client(engine.socket) }],
  );

/** After a row that failed its containers still run, and inro's would go on without its daemon. */
export async function removeEverything({ api }: Served): Promise<void> {
  const all = (await api.call("GET", "/containers/json?all=true")) as { Id: string }[];
  await removeAll(
    api,
    all.map(({ Id }) => Id),
  );
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

/** The command line's own start: it says its version, and asks its server's. */
export async function wordsRow(engines: readonly Engine[], rounds: number): Promise<Row> {
  const attempts = engines.map(({ name, cli, environment }) => ({
    name,
    run: () => finish([...cli, "version"], environment),
  }));
  return {
    work: "CLI version",
    unit: "ms",
    values: medians(await interleave(attempts, rounds)),
    budget: { limit: 12 },
  };
}

const wholeLife = async (api: Client, more: object = {}): Promise<void> => {
  const id = await create(api, ["true"], more);
  const ended = api.call("POST", `/containers/${id}/wait?condition=next-exit`);
  await api.call("POST", `/containers/${id}/start`);
  await ended;
  await api.call("DELETE", `/containers/${id}`);
};

/** What the bridge adds to the whole life of a container without a network: the difference of two medians. */
export async function bridgeRow(engines: readonly Served[], rounds: number): Promise<Row> {
  const without = { HostConfig: { NetworkMode: "none" } };
  // The kernel takes its time to remove the last one's interface, and who sets up another meanwhile waits for it.
  const settle = () => Bun.sleep(80);
  const attempts = engines.flatMap(({ name, api }): Attempt[] => [
    { name, run: () => wholeLife(api), settle },
    { name: `${name}, none`, run: () => wholeLife(api, without), settle },
  ]);
  return {
    work: "API create + start + wait + delete: what the bridge adds to --network none",
    unit: "ms",
    values: additions(engines, medians(await interleave(attempts, rounds)), "none"),
    budget: { limit: 3 },
  };
}

export async function apiRow(engines: readonly Served[], rounds: number): Promise<Row> {
  const attempts = engines.map(
    ({ name, api }): Attempt => ({
      name,
      run: () => wholeLife(api),
    }),
  );
  return {
    work: "API create + start + wait + delete, on the bridge",
    unit: "ms",
    values: medians(await interleave(attempts, rounds)),
    budget: { factor: 0.1, against: "docker" },
  };
}

async function create(api: Client, command: readonly string[], more: object = {}): Promise<string> {
  const made = await api.call("POST", "/containers/create", { Image: IMAGE, Cmd: command, ...more });
  return (made as { Id: string }).Id;
}

export async function startOne(api: Client, more: object = {}): Promise<string> {
  const id = await create(api, ["sleep", "3600"], more);
  await api.call("POST", `/containers/${id}/start`);
  return id;
}

const startOnEach = (engines: readonly Served[]) =>
  Promise.all(engines.map(async ({ name, api }) => ({ name, api, id: await startOne(api) })));

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

export const remove = (api: Client, id: string) => api.call("DELETE", `/containers/${id}?force=true`);

export async function statsRow(engines: readonly Served[], rounds: number): Promise<Row> {
  const targets = await startOnEach(engines);
  const attempts = targets.map(({ name, api, id }) => ({
    name,
    run: () => api.call("GET", `/containers/${id}/stats?stream=false&one-shot=true`),
  }));
  const times = await interleave(attempts, rounds);
  await Promise.all(targets.map(({ api, id }) => remove(api, id)));
  return { work: "API stats, one shot", unit: "ms", values: medians(times), budget: { limit: 4 } };
}

const STREAM = 1024;

/** One TCP stream from the host's loopback into a container, beside one that stays on the loopback. */
export async function portRow(engines: readonly Served[], busybox: string, rounds: number): Promise<Row> {
  // nc hands the connection to dd, which reads and writes a megabyte at a time.
  const send = (port: number) =>
    `${busybox} nc 127.0.0.1 ${port} -e ${busybox} dd if=/dev/zero bs=1M count=${STREAM}`;
  const sink = (program: string, port: number) =>
    `while true; do ${program} nc -l -p ${port} -e ${program} dd of=/dev/null bs=1M; done`;
  const targets = await Promise.all(
    engines.map(async ({ name, api, enter }) => {
      const id = await create(api, ["sh", "-c", sink("/bin/busybox", 80)], {
        ExposedPorts: { "80/tcp": {} },
        HostConfig: { PortBindings: { "80/tcp": [{ HostIp: "127.0.0.1", HostPort: "8080" }] } },
      });
      await api.call("POST", `/containers/${id}/start`);
      return { name, api, id, run: () => finish([...enter, "sh", "-c", send(8080)], {}) };
    }),
  );
  const { enter } = engines[0] as Served;
  const [program = "", ...words] = [...enter, "sh", "-c", sink(busybox, 8081)];
  const listener = spawn(program, words, { stdio: "ignore", detached: true });
  const bare: Attempt = { name: "bare loopback", run: () => finish([...enter, "sh", "-c", send(8081)], {}) };
  const pause = (attempt: Attempt): Attempt => ({ ...attempt, settle: () => Bun.sleep(100) });
  await Bun.sleep(500);
  try {
    const times = await interleave([...targets, bare].map(pause), rounds);
    return {
      work: `${STREAM} MiB in one TCP stream to a port published on 127.0.0.1`,
      unit: "ms",
      values: medians(times),
      budget: { factor: 1, against: "docker" },
    };
  } finally {
    process.kill(-(listener.pid ?? 0), "SIGKILL");
    await Promise.all(targets.map(({ api, id }) => remove(api, id)));
  }
}

/** What an idle daemon and everything it keeps beside it hold. */
export async function idleRow(engines: readonly Served[], settle: () => Promise<unknown>): Promise<Row> {
  await settle();
  const values = new Map(
    engines.map((engine) => [engine.name, pssOfAll(engine.daemonProcesses(new Set())) / megabyte]),
  );
  return { work: "daemon idle, memory (PSS)", unit: "MB", values, budget: { limit: 50 } };
}

export async function removeAll(api: Client, ids: readonly string[]): Promise<void> {
  for (const id of ids) await remove(api, id);
}
