/** Cgroups of a test's own on this host, in every hierarchy that it has. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import type { Hierarchy } from "../../../src/kernel/cgroup/hierarchies.ts";
import { type CgroupFolder, killAll, removeAll } from "../../../src/kernel/cgroup/set.ts";
import { readFacts } from "../../../src/runtime/facts.ts";

/** Whether this machine lets a test make cgroups. */
export const canMakeCgroups = process.getuid?.() === 0;

export interface LiveCgroups extends AsyncDisposable {
  readonly set: readonly CgroupFolder[];
  /** A file of the controller's cgroup. */
  read(controller: string, file: string): string;
  /** Puts a process into all of them. */
  join(pid: number): void;
}

let count = 0;

export function liveCgroups(): LiveCgroups {
  const name = `inro-test-${process.pid}-${++count}`;
  const set = readFacts().hierarchies.list.map((hierarchy) => make(hierarchy, name));
  const folder = (controller: string) => set.find(({ controllers }) => controllers.includes(controller));
  return {
    set,
    read: (controller, file) => readFileSync(`${folder(controller)?.path}/${file}`, "utf8").trim(),
    join: (pid) => {
      for (const { path } of set) writeFileSync(`${path}/cgroup.procs`, String(pid));
    },
    [Symbol.asyncDispose]: async () => {
      await killAll(set);
      await removeAll(set);
    },
  };
}

function make({ mount, version, controllers }: Hierarchy, name: string): CgroupFolder {
  const path = `${mount}/${name}`;
  if (version === 2) {
    const words = readFileSync(`${mount}/cgroup.controllers`, "utf8").trim().split(" ").filter(Boolean);
    writeFileSync(`${mount}/cgroup.subtree_control`, words.map((word) => `+${word}`).join(" "));
  }
  mkdirSync(path);
  if (version === 1 && controllers.includes("cpuset")) {
    for (const file of ["cpuset.cpus", "cpuset.mems"])
      writeFileSync(`${path}/${file}`, readFileSync(`${mount}/${file}`, "utf8"));
  }
  return { path, version, controllers };
}
