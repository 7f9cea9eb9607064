import { existsSync, readFileSync } from "node:fs";
import type { OciState } from "../../oci/state.ts";
import { gateOf, type StoredContainer } from "./store.ts";

/** Field 22 of /proc/<pid>/stat, counted behind the command's closing bracket; undefined when there is no such process. */
export function startTimeOf(pid: number): string | undefined {
  const fields = statFields(pid);
  return fields?.[19];
}

function statFields(pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined;
  }
}

/** Whether the very process of this record still lives; a zombie does not. */
export function isAlive(stored: StoredContainer): boolean {
  const fields = statFields(stored.pid);
  return fields !== undefined && fields[19] === stored.startTime && fields[0] !== "Z" && fields[0] !== "X";
}

export function statusOf(root: string, stored: StoredContainer): OciState["status"] {
  if (!isAlive(stored)) return "stopped";
  if (stored.creating) return "creating";
  return stored.gated && existsSync(gateOf(root, stored.id)) ? "created" : "running";
}

export function stateOf(root: string, stored: StoredContainer): OciState {
  const status = statusOf(root, stored);
  return {
    ociVersion: stored.ociVersion,
    id: stored.id,
    status,
    ...(status === "created" || status === "running" ? { pid: stored.pid } : {}),
    bundle: stored.bundle,
    annotations: stored.annotations,
  };
}
