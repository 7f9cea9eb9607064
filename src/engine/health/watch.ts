import { type Core, record, tell } from "../core.ts";
import type { Entry } from "../entry.ts";
import { restart } from "../life/restart.ts";
import { killAndWait, stop } from "../life/stop.ts";
import { type HealthCheck, healthCheckOf } from "./check.ts";
import { dueIn, judge, lastSeen, type ProbeResult } from "./health.ts";
import { probe } from "./probe.ts";

/** One container that is looked at from time to time: the next time, and how a look is called off. */
export interface Watch {
  timer: NodeJS.Timeout;
  readonly callOff: AbortController;
}

/** setTimeout holds 31 bits. */
const LONGEST = 0x7fff_ffff;

/** Looks after a container that runs and has a health check: from its start, or where a former engine left off. */
export function watch(core: Core, entry: Entry): void {
  unwatch(core, entry);
  const { health, state } = entry.fortune;
  const check = healthCheckOf(entry.origin.options);
  if (check === null || health === null || state.status !== "running") return;
  const { startedAt } = state;
  const wait = (last: number) => {
    const due = dueIn(entry.fortune.health ?? health, check, startedAt, last);
    return setTimeout(() => core.background(look()), Math.min(due, LONGEST));
  };
  const callOff = new AbortController();
  const watched: Watch = { callOff, timer: wait(lastSeen(health, startedAt)) };
  const look = async () => {
    const result = await probe(core, entry, check, callOff.signal);
    if (callOff.signal.aborted) return;
    if (result !== null) settle(core, entry, check, result);
    watched.timer = wait(Date.now());
  };
  core.watches.set(entry.id, watched);
}

/** Calls off what is under way, too. */
export function unwatch(core: Core, { id }: Entry): void {
  const watched = core.watches.get(id);
  if (watched === undefined) return;
  core.watches.delete(id);
  clearTimeout(watched.timer);
  watched.callOff.abort();
}

function settle(core: Core, entry: Entry, check: HealthCheck, result: ProbeResult): void {
  const { health: before, state } = entry.fortune;
  // What stands still for a commit cannot answer; that is no illness.
  if (before === null || state.status !== "running") return;
  const health = judge(before, result, check, state.startedAt);
  record(core, entry, { health });
  if (health.status === before.status) return;
  tell(core, entry, `health_status: ${health.status}`);
  if (health.status === "unhealthy")
    ACTIONS[check.onFailure](core, entry).catch((cause) =>
      core.fault(`what is done with ${entry.id}, which is unhealthy: ${check.onFailure}`, cause),
    );
}

type Action = (core: Core, entry: Entry) => Promise<unknown>;

const asItStops = { signal: null, timeout: null };

const ACTIONS: { readonly [A in HealthCheck["onFailure"]]: Action } = {
  none: async () => {},
  // Nobody asked for its end: its restart policy decides what comes next.
  kill: killAndWait,
  restart: (core, entry) => restart(core, entry, asItStops),
  stop: (core, entry) => stop(core, entry, asItStops),
};
