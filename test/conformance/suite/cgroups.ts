/** What tests know of this host's cgroups: mounts at their usual places, v1 (or hybrid) or v2 alone. */
import { existsSync, readdirSync } from "node:fs";
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
