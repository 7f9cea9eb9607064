import { setTimeout as sleep } from "node:timers/promises";
import type { ContainerStats } from "../../engine/engine.ts";
import { isLive } from "../../engine/state.ts";
import { begin, json, send } from "../answer.ts";
import { type Exchange, parameter, type Route } from "../exchange.ts";
import { flag } from "../query.ts";
import { type Sample, statsRecord } from "../tell/stats.ts";

export const statsRoutes: readonly Route[] = [
  { method: "GET", pattern: "/containers/{id}/stats", handle: stats },
];

/** A percentage needs two samples; so far apart that a scheduler's tick (4 to 10 ms) does not blur it. */
const SHORT = 200;
const INTERVAL = 1000;

async function stats(x: Exchange): Promise<void> {
  const container = x.engine.containers.get(parameter(x, "id"));
  const take = (): Promise<Sample> => sample(x, container.id);
  if (!flag(x.query, "stream", true)) {
    let before: ContainerStats | null = null;
    if (!flag(x.query, "one-shot")) {
      before = (await take()).stats;
      if (before !== null) await sleep(SHORT, undefined, { signal: x.signal });
    }
    return json(x, 200, statsRecord(await take(), before));
  }
  begin(x, "application/json");
  let before: ContainerStats | null = null;
  while (!x.signal.aborted) {
    const now = await take();
    await send(x, `${JSON.stringify(statsRecord(now, before))}\n`);
    before = now.stats;
    await sleep(INTERVAL, undefined, { signal: x.signal });
  }
}

/** One that does not run is told with zeros, as dockerd does. */
async function sample(x: Exchange, id: string): Promise<Sample> {
  const container = x.engine.containers.get(id);
  const { name } = container;
  if (!isLive(container.state)) return { id, name, stats: null };
  return { id, name, stats: await x.engine.containers.stats(id) };
}
