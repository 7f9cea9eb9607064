import { mkdirSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { posix } from "node:path";
import type { Hierarchies, Hierarchy } from "../kernel/cgroup/hierarchies.ts";

/** A leaf of its own below the engine's parent. */
const MONITORS = "monitors";

/**
 * KERNEL.md, laws of the monitor, 7: a monitor lives neither in the container's cgroup (pause and kill would hit it) nor
 * in the daemon's (stopping the service would kill it). A process is moved where a service manager looks: the unified
 * hierarchy and systemd's own. Nobody waits for it, since a move costs a grace period; a daemon in the root cgroup is
 * no service, and there is nothing to do.
 */
export function houseMonitor(pid: number, containerCgroup: string, hierarchies: Hierarchies): void {
  const own = ownCgroups(readFileSync("/proc/self/cgroup", "utf8"));
  for (const hierarchy of hierarchies.list) {
    const current = own.get(nameOf(hierarchy));
    if (current === undefined || current === "/") continue;
    const folder = hierarchy.mount + posix.join(posix.dirname(containerCgroup), MONITORS);
    try {
      mkdirSync(folder, { recursive: true });
    } catch {
      // A hierarchy that we may not write to is one that we are not a service in.
      continue;
    }
    void writeFile(`${folder}/cgroup.procs`, String(pid)).catch(() => {});
  }
}

const UNIFIED = "";

/** Only hierarchies that keep processes together: undefined for those that only limit. */
const nameOf = ({ version, name }: Hierarchy): string | undefined => (version === 2 ? UNIFIED : name);

/** cgroups(7), /proc/[pid]/cgroup: `0::/path` is the unified hierarchy, `9:name=systemd:/path` a named one. */
export function ownCgroups(text: string): Map<string | undefined, string> {
  const paths = new Map<string | undefined, string>();
  for (const line of text.split("\n")) {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (path === undefined || controllers === undefined) continue;
    if (controllers === "") paths.set(UNIFIED, path);
    else if (controllers.startsWith("name=")) paths.set(controllers.slice("name=".length), path);
  }
  return paths;
}
