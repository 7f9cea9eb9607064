import { existsSync } from "node:fs";
import { InroError } from "../../oci/error.ts";
import { type LogQuery, readLog } from "../../runtime/log/read.ts";
import type { LogEntry } from "../../runtime/log/record.ts";
import { type Core, folderOf } from "../core.ts";
import type { Entry } from "../entry.ts";
import { logPath } from "../life/request.ts";

/** What a container wrote; of one that runs, with `follow`, also what it will write. LOGS_NOT_KEPT. */
export function logs(core: Core, entry: Entry, query: LogQuery): AsyncIterable<LogEntry> {
  if (entry.origin.options.log.driver === "none")
    throw new InroError("LOGS_NOT_KEPT", {
      what: `cannot read the logs of "${entry.name}"`,
      why: "configured logging driver does not support reading: it was created with --log-driver none",
    });
  const path = logPath(folderOf(core, entry.id));
  const runs = entry.live !== null || entry.fortune.state.status === "restarting";
  if (query.follow && runs) return readLog(path, query, entry.waitFor("not-running", query.signal));
  return existsSync(path) ? readLog(path, { ...query, follow: false }) : nothing();
}

async function* nothing(): AsyncGenerator<LogEntry> {}
