import { InroError } from "../../oci/error.ts";
import { type Core, record, tell } from "../core.ts";
import type { Entry } from "../entry.ts";
import { notRunning } from "./stop.ts";

/** NOT_RUNNING, CONTAINER_PAUSED. */
export async function pause(core: Core, entry: Entry): Promise<void> {
  await entry.turn.run(async () => {
    const { state } = entry.fortune;
    if (entry.live === null) throw notRunning(entry, "pause");
    if (state.status !== "running")
      throw wrongState(entry, "CONTAINER_PAUSED", "pause", "it is paused already");
    await entry.live.pause();
    record(core, entry, { state: { ...state, status: "paused" } });
    tell(core, entry, "pause");
  });
}

/** NOT_PAUSED. */
export async function unpause(core: Core, entry: Entry): Promise<void> {
  await entry.turn.run(async () => {
    const { state } = entry.fortune;
    if (entry.live === null || state.status !== "paused")
      throw wrongState(entry, "NOT_PAUSED", "unpause", "it is not paused");
    await entry.live.resume();
    record(core, entry, { state: { ...state, status: "running" } });
    tell(core, entry, "unpause");
  });
}

function wrongState(entry: Entry, code: string, verb: string, why: string): InroError {
  return new InroError(code, { what: `cannot ${verb} the container "${entry.name}"`, why });
}
