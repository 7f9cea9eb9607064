import type { Container } from "../../runtime/runtime.ts";
import { type Core, record, tell } from "../core.ts";
import type { Entry } from "../entry.ts";

/**
 * Tells `oom` when the kernel has killed in a container that goes on. Kills before this engine was there are told at once;
 * what nobody was told of when the container ends is told then (`ended`).
 */
export async function tellKills(core: Core, entry: Entry, container: Container): Promise<void> {
  for (;;) {
    const memoryKills = await container.awaitKills(entry.fortune.memoryKills);
    if (memoryKills === undefined || entry.live !== container) return;
    record(core, entry, { memoryKills });
    tell(core, entry, "oom");
  }
}
