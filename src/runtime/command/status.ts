import { existsSync, readFileSync } from "node:fs";
import { isFrozen } from "../../kernel/cgroup/freezer.ts";
import { InroError } from "../../oci/error.ts";
import type { OciState } from "../../oci/state.ts";
import { bootId } from "../../platform/boot-id.ts";
import { gateOf } from "./store.ts";
import type { StoredContainer } from "./stored.ts";

/** runtime.md, "State", lets a runtime add to the four; `paused` is what callers of runc know. */
export type Status = OciState["status"] | "paused";

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
  if (fields === undefined || fields[0] === "Z" || fields[0] === "X") return false;
  return fields[19] === stored.startTime && stored.boot === bootId();
}

export function statusOf(root: string, stored: StoredContainer): Status {
  if (!isAlive(stored)) return "stopped";
  if (stored.creating) return "creating";
  if (isFrozen(freezers(stored))) return "paused";
  return stored.gated && existsSync(gateOf(root, stored.id)) ? "created" : "running";
}

const freezers = ({ cgroups }: StoredContainer): StoredContainer["cgroups"] =>
  cgroups.filter(({ version, controllers }) => version === 2 || controllers.includes("freezer"));

/** What `state` prints: the specification's members, and those that runc adds. */
export function stateOf(root: string, stored: StoredContainer) {
  const status = statusOf(root, stored);
  const { ociVersion, id, pid, bundle, rootfs, created, annotations } = stored;
  return {
    ociVersion,
    id,
    pid: status === "stopped" || status === "creating" ? 0 : pid,
    status,
    bundle,
    rootfs,
    created,
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
  };
}

/** What can be done only to a container that has cgroups: a user's has none where none was delegated to him. */
export function needCgroups({ id, cgroups }: StoredContainer, what: string): StoredContainer["cgroups"] {
  if (cgroups.length > 0) return cgroups;
  throw new InroError("CGROUP_MISSING", {
    what: `cannot ${what} the container "${id}"`,
    why: "it has no cgroup: none could be made where it was created",
    hint: "delegate a cgroup to the user (systemd-run --user --scope -p Delegate=yes does)",
  });
}
