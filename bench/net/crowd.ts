import { finish } from "../programs.ts";
import { removeAll, type Served, startOne } from "../rows.ts";
import { interleave, medians } from "../sample.ts";
import type { Row } from "../table.ts";
import { compileTraffic, networkOf } from "./places.ts";

interface Inspected {
  readonly State: { readonly Pid: number };
  readonly NetworkSettings: { readonly Networks: Readonly<Record<string, { readonly IPAddress: string }>> };
}

const NETWORK = "bench-crowd";

/** `count` containers on one network, each started beside all before it; then the first and the last reach every one. */
export async function crowdRow(engines: readonly Served[], folder: string, count: number): Promise<Row> {
  const traffic = compileTraffic(folder);
  const ids = new Map<string, string[]>(engines.map(({ name }) => [name, []]));
  for (const { api } of engines) await api.call("POST", "/networks/create", { Name: NETWORK });
  const attempts = engines.map(({ name, api }) => ({
    name,
    run: async () => ids.get(name)?.push(await startOne(api, { HostConfig: { NetworkMode: NETWORK } })),
  }));
  try {
    const times = await interleave(attempts, count, 0);
    for (const { name, api } of engines) {
      const all: Inspected[] = [];
      for (const id of ids.get(name) ?? [])
        all.push((await api.call("GET", `/containers/${id}/json`)) as Inspected);
      const addresses = all.map((one) => one.NetworkSettings.Networks[NETWORK]?.IPAddress ?? "");
      if (new Set(addresses).size !== count) throw new Error(`${name}: an address was given twice`);
      for (const one of [all[0], all.at(-1)])
        await patiently(() =>
          finish([...networkOf(String(one?.State.Pid)), traffic, "reach", "9", ...addresses], {}),
        );
    }
    return {
      work: `start of one of ${count} containers on one network, all of which reach each other`,
      unit: "ms",
      values: medians(times),
      budget: { limit: 25 },
    };
  } finally {
    for (const { name, api } of engines) {
      await removeAll(api, ids.get(name) ?? []);
      await api.call("DELETE", `/networks/${NETWORK}`);
    }
  }
}

/** All namespaces of a machine share one table of neighbours, which makes room for new ones after five seconds. */
async function patiently(work: () => Promise<unknown>): Promise<void> {
  for (let tries = 0; ; tries++) {
    const failure = await work().then(
      () => undefined,
      (error: unknown) => error,
    );
    if (failure === undefined) return;
    if (tries === 5) throw failure;
    await Bun.sleep(6000);
  }
}
