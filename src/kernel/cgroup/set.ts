import { existsSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { InroError } from "../../oci/error.ts";
import { deepestFirst } from "./folders.ts";
import { PATIENCE_MS, until } from "./patience.ts";

/** A container's cgroup in one hierarchy. */
export interface CgroupFolder {
  readonly version: 1 | 2;
  /** Absolute, on the host: `/sys/fs/cgroup/memory/inro/<id>`. */
  readonly path: string;
  /** As v1 names them. */
  readonly controllers: readonly string[];
}

/** A container's cgroups, one in every hierarchy that it joined. */
export type CgroupSet = readonly CgroupFolder[];

/** Host pids of every process in the container, nested cgroups included. */
export function processesOf(set: CgroupSet): number[] {
  const folder = set.find((one) => one.version === 2) ?? freezerOf(set) ?? set[0];
  return folder === undefined ? [] : pidsBelow(folder.path);
}

/** Empty too for a cgroup of v2 that has threads (EOPNOTSUPP): their processes are listed above it. */
function readPids(path: string): number[] {
  try {
    return readFileSync(`${path}/cgroup.procs`, "utf8").split("\n").filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

/** Where v1 can stop processes. */
export const freezerOf = (set: CgroupSet): CgroupFolder | undefined =>
  set.find(({ version, controllers }) => version === 1 && controllers.includes("freezer"));

/** Every kernel that we run on has both files in every cgroup of v2 but the root. */
export const unifiedWith = (
  set: CgroupSet,
  file: "cgroup.freeze" | "cgroup.kill",
): CgroupFolder | undefined =>
  set.find(({ version, path }) => version === 2 && existsSync(`${path}/${file}`));

/**
 * Kills everything in the container, a storm of forks included: cgroup.kill where there is one (v2 and hybrid), else
 * freeze, kill all, thaw, until nothing is left.
 */
export async function killAll(set: CgroupSet): Promise<void> {
  if (processesOf(set).length === 0) return;
  const unified = unifiedWith(set, "cgroup.kill");
  if (unified !== undefined) {
    writeUnlessGone(`${unified.path}/cgroup.kill`, "1");
    await until(() => processesOf(set).length === 0);
    return;
  }
  const freezer = freezerOf(set);
  const freeze = (state: string): void => {
    if (freezer !== undefined) writeUnlessGone(`${freezer.path}/freezer.state`, state);
  };
  await until(() => {
    freeze("FROZEN");
    const pids = processesOf(set);
    for (const pid of pids) signal(pid);
    freeze("THAWED");
    return pids.length === 0;
  });
}

/** The monitor removes the cgroup as soon as its last process has ended, between any two calls of ours. */
function writeUnlessGone(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT" && code !== "ENODEV") throw error;
  }
}

function signal(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself between the reading and the kill.
  }
}

/**
 * Removes the container's cgroups, deepest first. One that is gone already is fine; one that is busy, since its last
 * process is still ending, is tried again for a while. CGROUP_FAILED.
 */
export async function removeAll(set: CgroupSet): Promise<void> {
  for (const { path } of set) {
    if (!existsSync(path) || (await until(() => removeTree(path)))) continue;
    throw new InroError("CGROUP_FAILED", {
      what: `cannot remove the cgroup ${path}`,
      why: `there are processes in it after ${PATIENCE_MS / 1000} s: ${pidsBelow(path).join(", ")}`,
      hint: "end them, then delete the container again",
    });
  }
}

function pidsBelow(path: string): number[] {
  const pids = new Set<number>();
  for (const folder of deepestFirst(path)) for (const pid of readPids(folder)) pids.add(pid);
  return [...pids].sort((a, b) => a - b);
}

/** Nearly always nothing is below it. */
function removeTree(path: string): boolean {
  if (removed(path)) return true;
  for (const folder of deepestFirst(path)) if (!removed(folder)) return false;
  return true;
}

function removed(path: string): boolean {
  try {
    rmdirSync(path);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return true;
    if (code === "EBUSY") return false;
    throw error;
  }
}
