import { signalNumber } from "../../kernel/signals.ts";
import { InroError } from "../../oci/error.ts";
import { type Core, record, tell } from "../core.ts";
import { restartPolicyOf } from "../current.ts";
import type { Entry } from "../entry.ts";
import { stopWaitingToRestart } from "./start.ts";

const SIGKILL = 9;
const DEFAULT_TIMEOUT = 10;
/** Seconds in which even a process in an uninterruptible wait should have ended. */
const KILL_PATIENCE = 10;

export interface StopRequest {
  readonly signal: string | null;
  /** Seconds; `null`: the container's own; negative: without end. */
  readonly timeout: number | null;
}

/** Asks the program to end, and makes it. False when nothing ran. */
export async function stop(core: Core, entry: Entry, o: StopRequest): Promise<boolean> {
  const { options } = entry.origin;
  const signal = signalNumber(o.signal ?? options.stopSignal ?? "SIGTERM");
  if (entry.live === null) return stopRestarting(core, entry);
  restsFromNowOn(core, entry);
  const end = entry.waitFor("next-exit");
  await thaw(core, entry);
  await send(core, entry, signal);
  const timeout = o.timeout ?? options.stopTimeout ?? DEFAULT_TIMEOUT;
  if (timeout < 0) await end;
  else if (!(await within(end, timeout))) await killAndWait(core, entry);
  tell(core, entry, "stop");
  return true;
}

/** Its policy has to know it after a power cut, too. */
function restsFromNowOn(core: Core, entry: Entry): void {
  const lasting = restartPolicyOf(entry).name === "no" ? "process" : "machine";
  record(core, entry, { stoppedByUser: true }, lasting);
}

/** A container between two runs rests from now on, and one whose next start has just failed. */
async function stopRestarting(core: Core, entry: Entry): Promise<boolean> {
  return entry.turn.run(async () => {
    const { state, stoppedByUser } = entry.fortune;
    if (state.status !== "restarting") {
      if (!stoppedByUser && restartPolicyOf(entry).name !== "no") restsFromNowOn(core, entry);
      return false;
    }
    stopWaitingToRestart(entry);
    record(core, entry, { state: { status: "exited", exit: state.exit }, stoppedByUser: true }, "machine");
    entry.announce(["not-running"], state.exit);
    return true;
  });
}

/** NOT_RUNNING. With SIGKILL it returns when the end was seen. */
export async function kill(core: Core, entry: Entry, signalText: string): Promise<void> {
  const signal = signalNumber(signalText);
  if (entry.live === null) throw notRunning(entry, "kill");
  const stopSignal = signalNumber(entry.origin.options.stopSignal ?? "SIGTERM");
  if (signal === SIGKILL || signal === stopSignal) restsFromNowOn(core, entry);
  if (signal === SIGKILL) await killAndWait(core, entry);
  else await send(core, entry, signal);
}

/** Returns when the end was handled. KILL_FAILED when even SIGKILL does not end it. */
export async function killAndWait(core: Core, entry: Entry): Promise<void> {
  if (entry.live === null) return;
  const end = entry.waitFor("next-exit");
  // signal(7), freezer: a frozen process of a v1 cgroup dies only once it is thawed.
  await thaw(core, entry);
  await send(core, entry, SIGKILL);
  if (await within(end, KILL_PATIENCE)) return;
  throw new InroError("KILL_FAILED", {
    what: `cannot end the container "${entry.name}"`,
    why: `it still runs ${KILL_PATIENCE} s after SIGKILL: a process of it waits in the kernel`,
    hint: "look for processes in state D",
  });
}

async function thaw(core: Core, entry: Entry): Promise<void> {
  const { state } = entry.fortune;
  if (state.status !== "paused" || entry.live === null) return;
  await entry.live.resume();
  record(core, entry, { state: { ...state, status: "running" } });
}

/** NOT_RUNNING, or the monitor closes its connection: the program has ended, and its end comes. */
const ENDED: readonly string[] = ["NOT_RUNNING", "CONNECTION_LOST"];

/** A program that ended meanwhile needs no signal any more. */
async function send(core: Core, entry: Entry, signal: number): Promise<void> {
  tell(core, entry, "kill", { signal: String(signal) });
  await entry.live?.signal(signal).catch((cause) => {
    if (entry.live !== null && !ENDED.includes(cause?.code)) throw cause;
  });
}

/** Whether the promise is kept within so many seconds. */
async function within(promise: Promise<unknown>, seconds: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, seconds * 1000, false);
  });
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}

export function notRunning(entry: Entry, verb: string): InroError {
  return new InroError("NOT_RUNNING", {
    what: `cannot ${verb} the container "${entry.name}"`,
    why: `container ${entry.id} is not running`,
    hint: `start it with: inro start ${entry.name}`,
  });
}
