import type { CgroupSet } from "../../kernel/cgroup/set.ts";
import { memoryStats } from "../../kernel/cgroup/stats/memory.ts";
import { InroError } from "../../oci/error.ts";
import type { Caller } from "./caller.ts";
import type { Invocation } from "./commands.ts";
import { badFlag } from "./options.ts";
import { statsOf } from "./stats.ts";
import { isAlive, needCgroups, statusOf } from "./status.ts";
import { checkContainerId, readStored } from "./store.ts";
import type { StoredContainer } from "./stored.ts";

/** How soon an out-of-memory kill, or the container's end, is noticed. */
const LOOK_MS = 100;

/** runc's events: what a container uses every now and then, and its out-of-memory kills, until it ends. */
export async function eventsCommand(invocation: Invocation): Promise<number> {
  const { root, operands, flags, values, caller } = invocation;
  const stored = readStored(root, checkContainerId(operands[0]));
  const interval = duration(values.get("interval") ?? "5s");
  if (statusOf(root, stored) === "stopped") {
    throw new InroError("NOT_RUNNING", {
      what: `cannot watch the container "${stored.id}"`,
      why: "container not running",
    });
  }
  needCgroups(stored, "watch");
  if (flags.has("stats")) await tell(caller, stored, "stats", statsOf(stored.cgroups));
  else await watch(caller, stored, interval);
  return 0;
}

async function watch(caller: Caller, stored: StoredContainer, interval: number): Promise<void> {
  let kills = memoryKills(stored.cgroups);
  for (let next = Date.now() + interval; !caller.isGone && isAlive(stored); ) {
    await Bun.sleep(Math.min(LOOK_MS, interval));
    const killed = memoryKills(stored.cgroups);
    for (; kills < killed; kills++) await tell(caller, stored, "oom");
    if (Date.now() < next || !isAlive(stored)) continue;
    await tell(caller, stored, "stats", statsOf(stored.cgroups));
    next += interval;
  }
}

const memoryKills = (set: CgroupSet): number => memoryStats(set).oomKills;

const tell = (caller: Caller, { id }: StoredContainer, type: string, data?: unknown): Promise<void> =>
  caller.print(`${JSON.stringify({ type, id, data })}\n`);

const UNITS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1e3,
  m: 6e4,
  h: 3.6e6,
};

/** Go's time.ParseDuration (`1m30s`), in milliseconds; more than nothing. */
export function duration(text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)/g)];
  const total = parts.reduce((sum, [, number, unit = ""]) => sum + Number(number) * (UNITS[unit] ?? 0), 0);
  const whole = parts.map(([part]) => part).join("") === text;
  if (whole && total > 0) return total;
  throw badFlag(`--interval ${text}`, "it is no duration above zero, such as 500ms or 5s");
}
