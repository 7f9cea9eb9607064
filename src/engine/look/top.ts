import { readFileSync } from "node:fs";
import type { ProcessTable } from "../engine.ts";
import type { Entry } from "../entry.ts";
import { notRunning } from "../life/stop.ts";
import { accountNames } from "../spec/user.ts";
import { psColumns } from "./ps/arguments.ts";
import type { Accounts } from "./ps/columns.ts";
import { momentNow, readProcess } from "./ps/process.ts";

/** The processes of a container as `ps` prints them with these arguments; the host needs no ps. NOT_RUNNING, INVALID_OPTION. */
export async function top(entry: Entry, psArguments: string): Promise<ProcessTable> {
  if (entry.live === null) throw notRunning(entry, "list the processes of");
  const columns = psColumns(psArguments);
  const accounts = hostAccounts();
  const pids = await entry.live.processes();
  const moment = momentNow();
  const processes = pids.flatMap((pid) => {
    const process = readProcess(pid, moment);
    if (process === undefined) return [];
    try {
      return [columns.map(({ of }) => String(of(process, moment, accounts)))];
    } catch {
      // It ended meanwhile.
      return [];
    }
  });
  return { titles: columns.map(({ title }) => title), processes };
}

/** As ps on the host, to which ids of containers are ids of its own. */
function hostAccounts(): Accounts {
  const nameIn = (file: string) => {
    let names: ReadonlyMap<number, string> | undefined;
    return (id: number) => {
      names ??= accountNames(textOf(file));
      return shortened(names.get(id) ?? String(id));
    };
  };
  return { user: nameIn("/etc/passwd"), group: nameIn("/etc/group") };
}

/** ps(1), "user": a name that is too long for its column ends with a plus sign. */
const shortened = (name: string): string => (name.length > 8 ? `${name.slice(0, 7)}+` : name);

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
