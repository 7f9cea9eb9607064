import { type Core, record } from "../core.ts";
import { restartPolicyOf } from "../current.ts";
import type { Entry } from "../entry.ts";
import { nextDelay, runsAgain } from "./restart-policy.ts";
import { start } from "./start.ts";

/** Milliseconds until its policy starts a container that ended; null: it rests. */
export function delayOf(entry: Entry, code: number, ran: number): number | null {
  const { restartCount, stoppedByUser } = entry.fortune;
  const end = { code, ran, stoppedByUser };
  if (entry.leaving || !runsAgain(restartPolicyOf(entry), end, restartCount)) return null;
  entry.restartDelay = nextDelay(entry.restartDelay, ran);
  return entry.restartDelay;
}

export function restartLater(core: Core, entry: Entry, delay: number): void {
  entry.restartTimer = setTimeout(() => {
    entry.restartTimer = null;
    const { state, restartCount } = entry.fortune;
    if (state.status === "restarting") startAgain(core, entry, restartCount + 1);
  }, delay);
}

/** What its policy asks for. A start that fails is as good as an end: its cause may pass. */
export function startAgain(core: Core, entry: Entry, restartCount: number): void {
  if (entry.leaving) return;
  start(core, entry, restartCount).catch((cause) => {
    core.fault(`restarting ${entry.id}`, cause);
    return entry.turn.run(async () => goOn(core, entry));
  });
}

function goOn(core: Core, entry: Entry): void {
  const { state } = entry.fortune;
  if (state.status !== "exited") return;
  const { exit } = state;
  const delay = delayOf(entry, exit.code, 0);
  if (delay === null) {
    entry.announce(["next-exit", "not-running"], exit);
    return;
  }
  record(core, entry, { state: { status: "restarting", exit } });
  restartLater(core, entry, delay);
}
