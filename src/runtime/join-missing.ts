import { writeFileSync } from "node:fs";
import type { Hierarchy } from "../kernel/cgroup/hierarchies.ts";
import { type CgroupSet, processesOf, removeAll } from "../kernel/cgroup/set.ts";
import type { Op } from "../kernel/plan/operations.ts";
import type { SpecResources } from "../oci/runtime-spec.ts";
import { joinedHierarchies } from "./compile/cgroups.ts";
import { readFacts } from "./facts.ts";
import { failuresOf } from "./failure.ts";
import type { OpenSurveyor } from "./update.ts";

/** A container's cgroups, and where all of them are below their hierarchies. */
interface Member {
  readonly cgroups: CgroupSet;
  readonly cgroupPath: string;
}

/** A container that forks faster than it is moved is moved no further than this. */
const ROUNDS = 100;

/**
 * A container joins of v1's hierarchies those that its limits are in, since each costs it time at every start. One that a
 * limit is asked for in later, cpuset above all, it joins now, as a whole; the container's cgroups then. `remember` is told
 * of them before anything moves: whoever is killed in between leaves a container that can be deleted whole.
 */
export async function joinMissing(
  { cgroups, cgroupPath }: Member,
  resources: SpecResources,
  open: OpenSurveyor,
  remember: (cgroups: CgroupSet) => void,
): Promise<CgroupSet> {
  const { hierarchies, architecture } = readFacts();
  const has = ({ mount }: Hierarchy): boolean => cgroups.some(({ path }) => path === mount + cgroupPath);
  const missing = joinedHierarchies(hierarchies, resources).filter(
    (hierarchy) => hierarchy.version === 1 && !has(hierarchy),
  );
  if (missing.length === 0) return cgroups;
  using surveyor = open();
  const because = "/linux/resources";
  const ops = missing.map(
    ({ mount: hierarchy }, out): Op => ({ kind: "makeCgroup", out, hierarchy, path: cgroupPath, because }),
  );
  const records = await surveyor.batch(ops);
  const added = missing.map(({ mount, controllers }) => {
    return { version: 1 as const, path: mount + cgroupPath, controllers };
  });
  const [failure] = failuresOf(ops, records, architecture);
  if (failure !== undefined) {
    await removeAll(added.slice(0, records.length - 1));
    throw failure;
  }
  const joined = [...cgroups, ...added];
  remember(joined);
  for (const folder of added) moveAll(cgroups, folder.path);
  return joined;
}

/** What is forked meanwhile is born where its parent was. */
function moveAll(cgroups: CgroupSet, to: string): void {
  const moved = new Set<number>();
  for (let round = 0; round < ROUNDS; round++) {
    const left = processesOf(cgroups).filter((pid) => !moved.has(pid));
    if (left.length === 0) return;
    for (const pid of left) {
      moved.add(pid);
      move(pid, to);
    }
  }
}

function move(pid: number, to: string): void {
  try {
    writeFileSync(`${to}/cgroup.procs`, String(pid));
  } catch (cause) {
    // It ended by itself.
    if ((cause as NodeJS.ErrnoException).code !== "ESRCH") throw cause;
  }
}
