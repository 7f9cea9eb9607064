import { existsSync } from "node:fs";
import { type CgroupSet, killAll, removeAll } from "../../kernel/cgroup/set.ts";
import { placeOf } from "../cgroup-path.ts";
import { readFacts } from "../facts.ts";
import type { Invocation } from "./commands.ts";
import { CGROUP_PARENT, forget, hasSpec, readSpec } from "./store.ts";

/**
 * Takes away what is left of a container whose state cannot be read. Its cgroups are where its specification says: that
 * is written once they are its own, and before anything is made.
 */
export async function salvage({ root, warn }: Invocation, id: string): Promise<void> {
  if (hasSpec(root, id)) {
    try {
      const cgroups = cgroupsOf(root, id);
      await killAll(cgroups);
      await removeAll(cgroups);
    } catch (cause) {
      warn(`cannot find the cgroups of the container "${id}": ${(cause as Error).message}`);
    }
  }
  forget(root, id);
}

function cgroupsOf(root: string, id: string): CgroupSet {
  const { cgroupPath, facts } = placeOf(readSpec(root, id), CGROUP_PARENT, id, readFacts());
  return facts.hierarchies.list
    .map(({ version, mount, controllers }) => ({ version, path: mount + cgroupPath, controllers }))
    .filter(({ path }) => existsSync(path));
}
