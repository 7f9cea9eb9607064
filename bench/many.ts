import { parentOf, pssOfAll } from "./memory.ts";
import { finish } from "./programs.ts";
import { reader } from "./reader.ts";
import { megabyte, removeAll, type Served, startOne } from "./rows.ts";
import { type Attempt, interleave, medians } from "./sample.ts";
import type { Row } from "./table.ts";

async function listing(engines: readonly Served[]): Promise<Map<string, number>> {
  const readers = await Promise.all(
    engines.map(async ({ name, socket }) => ({ name, ...(await reader(socket ?? "", "/containers/json")) })),
  );
  try {
    return medians(
      await interleave(
        readers.map(({ name, read }) => ({ name, run: read })),
        50,
        10,
      ),
    );
  } finally {
    for (const { close } of readers) close();
  }
}

/** Starts `count` containers on each engine in turns, then looks at them. */
export async function manyRows(
  engines: readonly Served[],
  count: number,
  settle: () => Promise<unknown>,
): Promise<Row[]> {
  const ids = new Map<string, string[]>(engines.map(({ name }) => [name, []]));
  const attempts = engines.map(({ name, api }) => ({
    name,
    run: async () => ids.get(name)?.push(await startOne(api)),
  }));
  const weighAll = async () => {
    await settle();
    return await Promise.all(engines.map((engine) => weigh(engine, ids.get(engine.name) ?? [])));
  };
  try {
    const half = Math.ceil(count / 2);
    const first = await interleave(attempts, half, 0);
    // What an engine loads for its first containers is not what one more costs.
    const before = await weighAll();
    const second = await interleave(attempts, count - half, 0);
    const list = await listing(engines);
    const after = await weighAll();
    const printed = medians(await interleave(engines.map(ps), 20));
    const start = medians(
      new Map([...first].map(([name, times]) => [name, [...times, ...(second.get(name) ?? [])]])),
    );
    return [
      {
        work: `start ${count} containers, one at a time, each`,
        unit: "ms",
        values: start,
        budget: { limit: 25 },
      },
      ...memoryRows(engines, before, after),
      {
        work: `list ${count} running containers (API)`,
        unit: "ms",
        values: list,
        budget: { factor: 0.2, against: "docker" },
      },
      {
        work: `CLI ps of ${count} running containers`,
        unit: "ms",
        values: printed,
        budget: { factor: 1, against: "docker" },
      },
    ];
  } finally {
    await Promise.all(engines.map(({ name, api }) => removeAll(api, ids.get(name) ?? [])));
  }
}

const ps = ({ name, cli, environment }: Served): Attempt => ({
  name,
  run: () => finish([...cli, "ps"], environment),
});

interface Weight {
  readonly containers: number;
  /** Megabytes of the processes that hold a container each (monitors, shims). */
  readonly holders: number;
  readonly daemon: number;
}

async function weigh(engine: Served, ids: readonly string[]): Promise<Weight> {
  const programs = await Promise.all(
    ids.map(async (id) => {
      const { State } = (await engine.api.call("GET", `/containers/${id}/json`)) as {
        State: { Pid: number };
      };
      return State.Pid;
    }),
  );
  const holders = new Set(programs.map(parentOf));
  return {
    containers: ids.length,
    holders: pssOfAll(holders) / megabyte,
    daemon: pssOfAll(engine.daemonProcesses(holders)) / megabyte,
  };
}

/** What one more running container costs its engine. */
function memoryRows(engines: readonly Served[], before: readonly Weight[], after: readonly Weight[]): Row[] {
  const each = (of: (before: Weight, after: Weight) => number) =>
    new Map(engines.map(({ name }, index) => [name, of(before[index] as Weight, after[index] as Weight)]));
  const holder = (_: Weight, { holders, containers }: Weight) => holders / containers;
  const growth = (from: Weight, to: Weight) =>
    Math.max(0, to.daemon - from.daemon) / (to.containers - from.containers);
  return [
    {
      work: "memory of one more running container, its own program left out (PSS)",
      unit: "MB",
      values: each((from, to) => holder(from, to) + growth(from, to)),
      budget: { limit: 0.1 },
    },
    {
      work: "  of it the process that holds the container (monitor, shim)",
      unit: "MB",
      values: each(holder),
    },
    { work: "  of it what the daemon grows by", unit: "MB", values: each(growth) },
  ];
}
