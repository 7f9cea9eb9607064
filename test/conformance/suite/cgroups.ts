/** What tests know of this host's cgroups: mounts at their usual places, v1 (or hybrid) or v2 alone. */
import { existsSync, globSync, readdirSync, readFileSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import type { Need } from "./requirement.ts";

const MOUNT = "/sys/fs/cgroup";
const isV2 = existsSync(join(MOUNT, "cgroup.controllers"));

export const onV1: Need = { name: "cgroup v1", met: !isV2 };
export const onV2: Need = { name: "cgroup v2", met: isV2 };

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
  // A path that is relative lies below the runtime's own place.
  const found = ["", "/inro-runtime"].flatMap((place) => globSync(`${MOUNT}/{.,*}${place}${parent}`));
  // On v2 both ways lead there.
  const parents = [...new Set(found.map((path) => join(path)))];
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

/** The folder of the process's cgroup in the hierarchy of this controller. */
export function cgroupOf(pid: number, controller: string): string {
  const lines = readFileSync(`/proc/${pid}/cgroup`, "utf8").split("\n").filter(Boolean);
  for (const line of lines) {
    const [, controllers = "", path = ""] = line.split(":");
    if (controllers !== "" && controllers.split(",").includes(controller))
      return join(MOUNT, controller, path);
  }
  // The unified hierarchy has all that v1 has not.
  const path = lines.find((line) => line.startsWith("0::"))?.slice("0::".length) ?? "/";
  return join(MOUNT, isV2 ? "" : "unified", path);
}

/** The controller is there, in whichever hierarchy. */
export const has = (controller: string): Need => ({
  name: `the controller ${controller}`,
  met: readFileSync("/proc/cgroups", "utf8")
    .split("\n")
    .some((line) => line.startsWith(`${controller}\t`)),
});
