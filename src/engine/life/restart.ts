import { type Core, tell } from "../core.ts";
import type { Entry } from "../entry.ts";
import { start } from "./start.ts";
import { type StopRequest, stop } from "./stop.ts";

/** Stops what runs and starts it again; one with `--rm` stays meanwhile. */
export async function restart(core: Core, entry: Entry, o: StopRequest): Promise<void> {
  entry.restarting = true;
  try {
    await stop(core, entry, o);
  } finally {
    entry.restarting = false;
  }
  await start(core, entry);
  tell(core, entry, "restart");
}
