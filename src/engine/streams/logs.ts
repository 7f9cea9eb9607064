import { rmSync } from "node:fs";
import { InroError } from "../../oci/error.ts";
import { logFiles } from "../../runtime/log/files.ts";
import { type LogQuery, readLog } from "../../runtime/log/read.ts";
import type { LogForm } from "../../runtime/log/record.ts";
import { type Core, folderOf } from "../core.ts";
import type { Entry } from "../entry.ts";
import { logPath } from "../life/request.ts";
import { takeTurn } from "../turn.ts";

/** What a container wrote; of one that runs, with `follow`, also what it will write. LOGS_NOT_KEPT. */
export function logs(core: Core, entry: Entry, query: LogQuery, form: LogForm): AsyncIterable<Uint8Array> {
  refuseUnkept(entry, "read");
  const path = logPath(folderOf(core, entry.id));
  const runs = entry.live !== null || entry.fortune.state.status === "restarting";
  if (query.follow && runs) return readLog(path, query, form, entry.waitFor("not-running", query.signal));
  return readLog(path, { ...query, follow: false }, form);
}

/** Removes what it wrote until now; who reads it meanwhile still gets to the end of that, and goes on. LOGS_NOT_KEPT. */
export async function clearLog(core: Core, entry: Entry): Promise<void> {
  refuseUnkept(entry, "clear");
  await takeTurn(core, entry, async () => {
    // While it runs the file is its monitor's to replace: nothing is written beside it meanwhile.
    if (entry.live !== null) await entry.live.clearLog();
    else for (const path of logFiles(logPath(folderOf(core, entry.id)))) rmSync(path);
  });
}

function refuseUnkept({ name, origin }: Entry, verb: string): void {
  if (origin.options.log.driver === "none")
    throw new InroError("LOGS_NOT_KEPT", {
      what: `cannot ${verb} the logs of "${name}"`,
      why: "configured logging driver does not support reading: it was created with --log-driver none",
    });
}
