import { readFileSync, writeFile } from "node:fs";
import type { Hierarchies } from "./hierarchies.ts";

/**
 * Begins, beside other work, what the first move of a process between cgroups would wait for.
 *
 * On v1, hybrid too, the first write to any `cgroup.procs` waits for a grace period of the kernel (7 to 19 ms;
 * kernel/rcu/sync.c), and those that follow within the next one wait for none. So this process is moved to where it
 * already is, which changes nothing, as soon as it is known that a container will come. On v2 containers are born
 * into their cgroup and nothing has to be begun.
 */
export function quickenJoins(hierarchies: Hierarchies): void {
  if (hierarchies.mode === "v2") return;
  const path = ownProcs(hierarchies);
  if (path !== undefined) writeFile(path, String(process.pid), ignoreRefusal);
}

/** Nothing depends on it: a container's own join then waits as it would have. */
function ignoreRefusal(): void {}

/** Any v1 hierarchy serves, they share the lock; cpuset is left alone, since a move resets affinities there. */
function ownProcs(hierarchies: Hierarchies): string | undefined {
  const rows = readFileSync("/proc/self/cgroup", "utf8").split("\n");
  for (const row of rows) {
    const [, controllers = "", ...path] = row.split(":");
    if (controllers === "" || controllers.includes("cpuset")) continue;
    const first = controllers.split(",")[0] ?? "";
    const hierarchy = hierarchies.list.find(
      ({ version, controllers }) => version === 1 && controllers.includes(first),
    );
    if (hierarchy !== undefined) return `${hierarchy.mount}${path.join(":")}/cgroup.procs`;
  }
  return undefined;
}
