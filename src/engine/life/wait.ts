import type { WaitCondition } from "../engine.ts";
import type { Entry } from "../entry.ts";
import { type ExitReport, isLive } from "../state.ts";
import { neverRan } from "./remove.ts";

/** Registered when it returns. A container that never ran "ended" with 0, as in Docker. */
export function wait(entry: Entry, condition: WaitCondition, signal?: AbortSignal): Promise<ExitReport> {
  const { state } = entry.fortune;
  const rests = !isLive(state) && state.status !== "restarting" && entry.live === null;
  if (condition !== "not-running" || !rests) return entry.waitFor(condition, signal);
  if (state.status === "exited") return Promise.resolve(state.exit);
  const code = state.status === "created" ? (state.failure?.code ?? 0) : 0;
  return Promise.resolve(neverRan(code));
}
