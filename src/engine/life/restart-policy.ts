import type { RestartPolicy } from "../options.ts";

/** Docker's: 100 ms, doubled with every restart up to a minute; a run of ten seconds begins anew. */
const FIRST_DELAY = 100;
const LONGEST_DELAY = 60_000;
const STEADY_RUN = 10_000;

/** An end, as far as policies look at it. */
export interface End {
  readonly code: number;
  /** Milliseconds. */
  readonly ran: number;
  readonly stoppedByUser: boolean;
}

/** Whether a container that ended is to run again, after so many restarts since somebody started it. */
export function runsAgain(
  { name, maximumRetries }: RestartPolicy,
  { code, stoppedByUser }: End,
  restartCount: number,
): boolean {
  if (stoppedByUser || name === "no") return false;
  if (name !== "on-failure") return true;
  return code !== 0 && (maximumRetries === 0 || restartCount < maximumRetries);
}

/** Milliseconds until it starts again. `last`: how long it waited the time before; 0: it did not. */
export function nextDelay(last: number, ran: number): number {
  return last === 0 || ran >= STEADY_RUN ? FIRST_DELAY : Math.min(last * 2, LONGEST_DELAY);
}
