import { InroError } from "../../oci/error.ts";
import { type Core, record, tell } from "../core.ts";
import type { Entry } from "../entry.ts";
import { unwatch, watch } from "../health/watch.ts";
import { takeTurn } from "../turn.ts";
import { notRunning } from "./stop.ts";

/** NOT_RUNNING, CONTAINER_PAUSED. */
export async function pause(core: Core, entry: Entry): Promise<void> {
  await takeTurn(core, entry, async () => {
    const { state } = entry.fortune;
    if (entry.live === null) throw notRunning(entry, "pause");
    if (state.status !== "running")
      throw wrongState(entry, "CONTAINER_PAUSED", "pause", "it is paused already");
    unwatch(core, entry);
    try {
      await entry.live.pause();
      record(core, entry, { state: { ...state, status: "paused" } });
    } catch (cause) {
      watch(core, entry);
      throw cause;
    }
    tell(core, entry, "pause");
  });
}

/** Freezes a container that runs until the answer is disposed of; its turn is the caller's meanwhile. */
export async function holdStill(core: Core, entry: Entry): Promise<AsyncDisposable> {
  const { live, fortune } = entry;
  const { state } = fortune;
  if (live === null || state.status !== "running") return { [Symbol.asyncDispose]: async () => {} };
  // On disk it goes on running: a daemon that finds it frozen after the death of this one lets it go on.
  entry.fortune = { ...fortune, state: { ...state, status: "paused" } };
  const goOn = async () => {
    await live.resume().catch((cause) => core.fault(`continuing the container "${entry.name}"`, cause));
    entry.fortune = { ...entry.fortune, state };
  };
  try {
    await live.pause();
  } catch (cause) {
    await goOn();
    throw cause;
  }
  return { [Symbol.asyncDispose]: goOn };
}

/** Reads from a container that stands still. */
export async function* whileFrozen<T>(core: Core, entry: Entry, source: AsyncIterable<T>): AsyncGenerator<T> {
  await using _ = await holdStill(core, entry);
  yield* source;
}

/** NOT_PAUSED. */
export async function unpause(core: Core, entry: Entry): Promise<void> {
  await takeTurn(core, entry, async () => {
    const { state } = entry.fortune;
    if (entry.live === null || state.status !== "paused")
      throw wrongState(entry, "NOT_PAUSED", "unpause", "it is not paused");
    await entry.live.resume();
    record(core, entry, { state: { ...state, status: "running" } });
    watch(core, entry);
    tell(core, entry, "unpause");
  });
}

function wrongState(entry: Entry, code: string, verb: string, why: string): InroError {
  return new InroError(code, { what: `cannot ${verb} the container "${entry.name}"`, why });
}
