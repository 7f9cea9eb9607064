import type { Engine } from "./contenders/engine.ts";
import { parentOf, pssOfAll } from "./memory.ts";
import { reader } from "./reader.ts";
import { megabyte, remove, removeAll, type Served, startOne } from "./rows.ts";
import { interleave, medians } from "./sample.ts";
import type { Row } from "./table.ts";

async function listing(engines: readonly Served[]): Promise<Map<string, number>> {
  const readers = await Promise.all(
    engines.map(async ({ name, socket }) => ({ name, ...(await reader(socket ?? "", "/containers/json")) })),
  );
  try {
    return medians(
      await interleave(
        readers.map(({ name, read }) => ({ name, run: read })),
        20,
        2,
      ),
    );
  } finally {
    for (const { close } of readers) close();
  }
}

/** Starts `count` containers on each engine in turns, then looks at them: three rows. */
export async function manyRows(
  engines: readonly Served[],
  count: number,
  settle: () => Promise<unknown>,
): Promise<Row[]> {
  const ids = new Map<string, string[]>(engines.map(({ name }) => [name, []]));
  // What an engine loads for its first containers is not what another one costs.
  for (const { api } of engines) for (let i = 0; i < WARM_UP; i++) await remove(api, await startOne(api));
  await settle();
  const before = new Map(engines.map((engine) => [engine.name, daemonMemory(engine, new Set())]));
  const attempts = engines.map(({ name, api }) => ({
    name,
    run: async () => ids.get(name)?.push(await startOne(api)),
  }));
  try {
    const start = medians(await interleave(attempts, count, 0));
    const list = await listing(engines);
    await settle();
    const holders = new Map<string, number>();
    const growth = new Map<string, number>();
    for (const engine of engines) {
      const each = await perContainer(engine, ids.get(engine.name) ?? [], before.get(engine.name) ?? 0);
      holders.set(engine.name, each.holder);
      growth.set(engine.name, each.growth);
    }
    const memory = new Map([...holders].map(([name, held]) => [name, held + (growth.get(name) ?? 0)]));
    return [
      {
        work: `start ${count} containers, one at a time, each`,
        unit: "ms",
        values: start,
        budget: { limit: 25 },
      },
      {
        work: `memory per running container, its own program left out (PSS), of ${count}`,
        unit: "MB",
        values: memory,
        budget: { limit: 0.1 },
      },
      { work: "  of it the process that holds the container (monitor, shim)", unit: "MB", values: holders },
      { work: "  of it what the daemon grew by", unit: "MB", values: growth },
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

const WARM_UP = 10;

const daemonMemory = (engine: Engine, except: ReadonlySet<number>) =>
  pssOfAll(engine.daemonProcesses(except));

/** Megabytes of the process that holds a container, averaged, and of what its daemon grew by, divided among all. */
async function perContainer(engine: Served, ids: readonly string[], before: number) {
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
  return { holder: pssOfAll(holders) / ids.length / megabyte, growth: growth / ids.length / megabyte };
}
