import { processesOf } from "../../kernel/cgroup/set.ts";
import { InroError } from "../../oci/error.ts";
import type { Caller } from "./caller.ts";
import type { Invocation } from "./commands.ts";
import { needCgroups } from "./status.ts";
import { checkContainerId, readStored } from "./store.ts";

/** What runc hands to ps(1) when the caller says nothing. */
const DEFAULT = ["-ef"];

/** The processes of a container by their pids on the host; as a table it is the host's ps(1), filtered. */
export async function psCommand(invocation: Invocation): Promise<number> {
  const { root, values, caller } = invocation;
  const [id, ...rest] = invocation.operands;
  const format = values.get("format") ?? "table";
  const pids = processesOf(needCgroups(readStored(root, checkContainerId(id)), "list the processes of"));
  if (format === "json") await caller.print(`${JSON.stringify(pids)}\n`);
  else if (format === "table")
    await caller.print(await table(caller, pids, rest[0] === "--" ? rest.slice(1) : rest));
  else {
    throw new InroError("USAGE", { what: `cannot list as "${format}"`, why: "formats are table and json" });
  }
  return 0;
}

async function table(caller: Caller, pids: readonly number[], options: readonly string[]): Promise<string> {
  const [head = "", ...rows] = await hostPs(caller, options.length === 0 ? DEFAULT : options);
  const column = head.trim().split(/\s+/).indexOf("PID");
  if (column < 0) throw noTable("it printed no column PID");
  const wanted = new Set(pids.map(String));
  return [head, ...rows.filter((row) => wanted.has(row.trim().split(/\s+/)[column] ?? ""))]
    .map((row) => `${row}\n`)
    .join("");
}

async function hostPs({ env }: Caller, options: readonly string[]): Promise<string[]> {
  const ps = Bun.which("ps", { PATH: env["PATH"] ?? "" });
  if (ps === null) throw noTable("there is none in $PATH");
  const ran = Bun.spawn([ps, ...options], { env, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr, code] = await Promise.all([ran.stdout.text(), ran.stderr.text(), ran.exited]);
  if (code !== 0) throw noTable(stderr.trim() || `it ended with ${code}`);
  return stdout.trimEnd().split("\n");
}

function noTable(why: string): InroError {
  return new InroError("PS_FAILED", {
    what: "cannot have the host's ps list the container's processes",
    why,
    hint: "--format json needs no ps",
  });
}
