/** What tests know of this host's cgroups: mounts at their usual places, v1 (or hybrid) or v2 alone. */
import { existsSync, globSync, readdirSync, readFileSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import type { Need } from "./requirement.ts";

const MOUNT = "/sys/fs/cgroup";
const isV2 = existsSync(join(MOUNT, "cgroup.controllers"));

/** Groups of v1's cpu controller may run in real time only as far as they and all above are given time for it. */
export const realTime: Need = {
  name: "real time without a budget of v1",
  met: !existsSync(join(MOUNT, "cpu/cpu.rt_runtime_us")),
};

/** Folders with this name below any hierarchy, two levels deep as the suite makes them. */
export function cgroupsNamed(id: string): string[] {
  const hierarchies = isV2 ? [MOUNT] : readdirSync(MOUNT).map((name) => join(MOUNT, name));
  return hierarchies.flatMap((hierarchy) =>
    readdirSync(hierarchy)
      .map((parent) => join(hierarchy, parent, id))
      .filter((path) => existsSync(path)),
  );
}

/**
 * Takes away what the runtime made for containers below `parent`, at the end of a test. The parents themselves stay with
 * `cgroupsPath`; a container's own cgroup that is still there was left behind, which is an error of every test.
 */
export async function removeCgroups(parent: string): Promise<void> {
  const parents = globSync(`${MOUNT}/{.,*}${parent}`);
  const left = parents.flatMap((folder) => foldersIn(folder));
  for (const folder of left) {
    for (const pid of readFileSync(join(folder, "cgroup.procs"), "utf8").split("\n").filter(Boolean))
      process.kill(Number(pid), "SIGKILL");
  }
  for (const folder of [...left, ...parents]) await removed(folder);
  if (left.length > 0) throw new Error(`left behind: ${left.join(", ")}`);
}

const foldersIn = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(folder, name));

/** A cgroup is busy until its last process is gone, which takes a moment after the signal. */
async function removed(folder: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      rmdirSync(folder);
      return;
    } catch (error) {
      if (tries > 100) throw error;
      await Bun.sleep(10);
    }
  }
}
