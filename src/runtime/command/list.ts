import { writeSync } from "node:fs";
import { InroError } from "../../oci/error.ts";
import type { Invocation } from "./main.ts";
import { stateOf } from "./status.ts";
import { listStored } from "./store.ts";

/** What runc's list prints, so that scripts can read either. */
export function listCommand({ root, flags, values }: Invocation): number {
  const format = values.get("format") ?? "table";
  const rows = listStored(root).map((stored) => {
    const { status, pid = 0 } = stateOf(root, stored);
    const { ociVersion, id, bundle, created, owner } = stored;
    return { ociVersion, id, pid, status, bundle, created, owner: ownerName(owner) };
  });
  if (flags.has("quiet")) writeSync(1, rows.map(({ id }) => `${id}\n`).join(""));
  else if (format === "json") writeSync(1, `${JSON.stringify(rows)}\n`);
  else if (format === "table") writeSync(1, table(rows));
  else {
    throw new InroError("USAGE", { what: `cannot list as "${format}"`, why: "formats are table and json" });
  }
  return 0;
}

const ownerName = (uid: number): string => (uid === 0 ? "root" : String(uid));

interface Row {
  readonly id: string;
  readonly pid: number;
  readonly status: string;
  readonly bundle: string;
  readonly created: string;
  readonly owner: string;
}

function table(rows: readonly Row[]): string {
  const head = ["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"];
  const lines = rows.map(({ id, pid, status, bundle, created, owner }) => {
    return [id, String(pid), status, bundle, created, owner];
  });
  const widths = head.map((name, column) =>
    Math.max(name.length, ...lines.map((line) => line[column]?.length ?? 0)),
  );
  return [head, ...lines]
    .map(
      (line) =>
        `${line
          .map((cell, i) => cell.padEnd(widths[i] ?? 0))
          .join("   ")
          .trimEnd()}\n`,
    )
    .join("");
}
