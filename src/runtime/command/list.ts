import { readFileSync } from "node:fs";
import { InroError } from "../../oci/error.ts";
import type { Invocation } from "./commands.ts";
import { stateOf } from "./status.ts";
import { listStored } from "./store.ts";

/** What runc's list prints, so that scripts can read either. */
export async function listCommand({ root, flags, values, caller }: Invocation): Promise<number> {
  const format = values.get("format") ?? "table";
  const names = ownerNames();
  const rows = listStored(root).map((stored) => ({
    ...stateOf(root, stored),
    owner: names.get(String(stored.owner)) ?? `#${stored.owner}`,
  }));
  if (flags.has("quiet")) await caller.print(rows.map(({ id }) => `${id}\n`).join(""));
  else if (format === "json") await caller.print(`${JSON.stringify(rows)}\n`);
  else if (format === "table") await caller.print(table(rows));
  else {
    throw new InroError("USAGE", { what: `cannot list as "${format}"`, why: "formats are table and json" });
  }
  return 0;
}

/** passwd(5): name, password, uid. */
function ownerNames(): ReadonlyMap<string, string> {
  try {
    const lines = readFileSync("/etc/passwd", "utf8").split("\n");
    return new Map(lines.map((line) => [line.split(":")[2] ?? "", line.split(":")[0] ?? ""]));
  } catch {
    return new Map();
  }
}

interface Row {
  readonly id: string;
  readonly pid: number;
  readonly status: string;
  readonly bundle: string;
  readonly created: string;
  readonly owner: string;
}

const LEAST_WIDTH = 12;
const GAP = 3;

function table(rows: readonly Row[]): string {
  const head = ["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"];
  const lines = rows.map(({ id, pid, status, bundle, created, owner }) => {
    return [id, String(pid), status, bundle, created, owner];
  });
  const widths = head.map((name, column) =>
    Math.max(LEAST_WIDTH, ...[name, ...lines.map((line) => line[column] ?? "")].map((s) => s.length + GAP)),
  );
  return [head, ...lines]
    .map((line) => `${line.map((cell, i) => (i < 5 ? cell.padEnd(widths[i] ?? 0) : cell)).join("")}\n`)
    .join("");
}
