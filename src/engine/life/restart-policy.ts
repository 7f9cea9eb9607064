import { restartPolicyOf } from "../current.ts";
import type { Entry } from "../entry.ts";
import type { ExitReport } from "../state.ts";

/** Docker's: 100 ms, doubled with every restart up to a minute; a run of ten seconds begins anew. */
const FIRST_DELAY = 100;
const LONGEST_DELAY = 60_000;
const STEADY_RUN = 10_000;

/** Milliseconds until the container starts again; `null`: it rests. */
export function restartDelay(entry: Entry, report: ExitReport): number | null {
  const { name, maximumRetries } = restartPolicyOf(entry);
  const { restartCount, stoppedByUser } = entry.fortune;
  if (stoppedByUser || entry.leaving || name === "no") return null;
  if (name === "on-failure") {
    if (report.code === 0) return null;
    if (maximumRetries > 0 && restartCount >= maximumRetries) return null;
  }
  const ran = Date.parse(report.finishedAt) - Date.parse(report.startedAt);
  return ran >= STEADY_RUN
    ? FIRST_DELAY
    : Math.min(FIRST_DELAY * 2 ** Math.min(restartCount, 20), LONGEST_DELAY);
}
