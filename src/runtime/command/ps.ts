import { writeSync } from "node:fs";
import { processesOf } from "../../kernel/cgroup/set.ts";
import { InroError } from "../../oci/error.ts";
import type { Invocation } from "./commands.ts";
import { needCgroups } from "./status.ts";
import { checkContainerId, readStored } from "./store.ts";

/** What runc hands to ps(1) when the caller says nothing. */
const DEFAULT = ["-ef"];

/** The processes of a container by their pids on the host; as a table it is the host's ps(1), filtered. */
export function psCommand({ root, operands: [id, ...rest], values }: Invocation): number {
  const format = values.get("format") ?? "table";
  const pids = processesOf(needCgroups(readStored(root, checkContainerId(id)), "list the processes of"));
  if (format === "json") writeSync(1, `${JSON.stringify(pids)}\n`);
  else if (format === "table") writeSync(1, table(pids, rest[0] === "--" ? rest.slice(1) : rest));
  else {
    throw new InroError("USAGE", { what: `cannot list as "${format}"`, why: "formats are table and json" });
  }
  return 0;
}

function table(pids: readonly number[], options: readonly string[]): string {
  const [head = "", ...rows] = hostPs(options.length === 0 ? DEFAULT : options);
  const column = head.trim().split(/\s+/).indexOf("PID");
  if (column < 0) throw noTable("it printed no column PID");
  const wanted = new Set(pids.map(String));
  return [head, ...rows.filter((row) => wanted.has(row.trim().split(/\s+/)[column] ?? ""))]
    .map((row) => `${row}\n`)
    .join("");
}

function hostPs(options: readonly string[]): string[] {
  let ran: ReturnType<typeof Bun.spawnSync>;
  try {
    ran = Bun.spawnSync(["ps", ...options], { stdin: "ignore", stderr: "pipe" });
  } catch (cause) {
    throw noTable((cause as Error).message);
  }
  if (ran.exitCode !== 0) throw noTable(String(ran.stderr ?? "").trim() || `it ended with ${ran.exitCode}`);
  return String(ran.stdout).trimEnd().split("\n");
}

function noTable(why: string): InroError {
  return new InroError("PS_FAILED", {
    what: "cannot have the host's ps list the container's processes",
    why,
    hint: "--format json needs no ps",
  });
}
