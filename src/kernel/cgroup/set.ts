import { existsSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { InroError } from "../../oci/error.ts";
import { deepestFirst } from "./folders.ts";

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

const POLL_MS = 1;
const PATIENCE_MS = 5000;

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

const freezerOf = (set: CgroupSet): CgroupFolder | undefined =>
  set.find(({ version, controllers }) => version === 1 && controllers.includes("freezer"));

/** Every kernel that we run on has both files in every cgroup of v2 but the root. */
const unifiedWith = (set: CgroupSet, file: "cgroup.freeze" | "cgroup.kill"): CgroupFolder | undefined =>
  set.find(({ version, path }) => version === 2 && existsSync(`${path}/${file}`));

/**
 * Stops or continues every process; resolves when the kernel says that all of them stand or go. CGROUP_FAILED when one
 * of them does not come to a stand: then all go on.
 */
export async function setFrozen(set: CgroupSet, frozen: boolean): Promise<void> {
  const unified = unifiedWith(set, "cgroup.freeze");
  const freezer = freezerOf(set);
  const done =
    unified !== undefined
      ? await until(frozenV2(unified, frozen))
      : freezer === undefined || (await until(frozenV1(freezer, frozen)));
  if (done) return;
  if (frozen) await setFrozen(set, false);
  throw new InroError("CGROUP_FAILED", {
    what: `cannot ${frozen ? "freeze" : "thaw"} the processes in ${(unified ?? freezer)?.path}`,
    why: `one of them did not ${frozen ? "come to a stand" : "go on"} within ${PATIENCE_MS / 1000} s`,
    hint: "a process that waits for a device cannot be stopped: try again",
  });
}

function frozenV2({ path }: CgroupFolder, frozen: boolean): () => boolean {
  writeFileSync(`${path}/cgroup.freeze`, frozen ? "1" : "0");
  return () => readFileSync(`${path}/cgroup.events`, "utf8").includes(`frozen ${frozen ? 1 : 0}`);
}

/** Documentation/admin-guide/cgroup-v1/freezer-subsystem.rst: FREEZING until all stand; asked again, it tries again. */
function frozenV1({ path }: CgroupFolder, frozen: boolean): () => boolean {
  const state = frozen ? "FROZEN" : "THAWED";
  return () => {
    writeFileSync(`${path}/freezer.state`, state);
    return readFileSync(`${path}/freezer.state`, "utf8").trim() === state;
  };
}

export function isFrozen(set: CgroupSet): boolean {
  return set.some(({ path, version }) => {
    try {
      const file = version === 2 ? "cgroup.freeze" : "freezer.state";
      return /^(1|FROZEN|FREEZING)\n?$/.test(readFileSync(`${path}/${file}`, "utf8"));
    } catch {
      return false;
    }
  });
}

/**
 * Kills everything in the container, a storm of forks included: cgroup.kill where there is one (v2 and hybrid), else
 * freeze, kill all, thaw, until nothing is left.
 */
export async function killAll(set: CgroupSet): Promise<void> {
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

/** Whether it came true in time. */
async function until(done: () => boolean): Promise<boolean> {
  const end = performance.now() + PATIENCE_MS;
  while (!done()) {
    if (performance.now() > end) return false;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return true;
}
