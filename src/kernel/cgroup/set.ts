import { existsSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";

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

const FREEZE_POLL_MS = 1;
const KILL_ROUNDS = 500;

/** Host pids of every process in the container, nested cgroups included. */
export function processesOf(set: CgroupSet): number[] {
  const folder = set.find((one) => one.version === 2) ?? set[0];
  return folder === undefined ? [] : [...new Set(walk(folder.path).flatMap(readPids))].sort((a, b) => a - b);
}

function walk(path: string): string[] {
  try {
    const children = readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    return [path, ...children.flatMap((entry) => walk(`${path}/${entry.name}`))];
  } catch {
    return [];
  }
}

function readPids(path: string): number[] {
  try {
    return readFileSync(`${path}/cgroup.procs`, "utf8").split("\n").filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

/** Stops or continues every process; resolves when the kernel says that all of them stand. */
export async function setFrozen(set: CgroupSet, frozen: boolean): Promise<void> {
  const unified = set.find((folder) => folder.version === 2 && existsSync(`${folder.path}/cgroup.freeze`));
  if (unified !== undefined) {
    writeFileSync(`${unified.path}/cgroup.freeze`, frozen ? "1" : "0");
    const wanted = `frozen ${frozen ? 1 : 0}`;
    await until(() => readFileSync(`${unified.path}/cgroup.events`, "utf8").includes(wanted));
    return;
  }
  const freezer = set.find((folder) => folder.controllers.includes("freezer"));
  if (freezer === undefined) return;
  const state = frozen ? "FROZEN" : "THAWED";
  await until(() => {
    writeFileSync(`${freezer.path}/freezer.state`, state);
    return readFileSync(`${freezer.path}/freezer.state`, "utf8").trim() === state;
  });
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
  const unified = set.find((folder) => folder.version === 2 && existsSync(`${folder.path}/cgroup.kill`));
  if (unified !== undefined) {
    writeUnlessGone(`${unified.path}/cgroup.kill`, "1");
    await until(() => processesOf(set).length === 0);
    return;
  }
  await until(() => {
    const freezer = set.find((folder) => folder.controllers.includes("freezer"));
    if (freezer !== undefined) writeUnlessGone(`${freezer.path}/freezer.state`, "FROZEN");
    const pids = processesOf(set);
    for (const pid of pids) signal(pid);
    if (freezer !== undefined) writeUnlessGone(`${freezer.path}/freezer.state`, "THAWED");
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

/** Removes the container's cgroups, deepest first; a cgroup that is gone already is fine, one that is busy is retried. */
export async function removeAll(set: CgroupSet): Promise<void> {
  for (const { path } of set) {
    if (!existsSync(path)) continue;
    await until(() => walk(path).reverse().every(removed));
  }
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

async function until(done: () => boolean): Promise<void> {
  for (let round = 0; round < KILL_ROUNDS; round++) {
    if (done()) return;
    await new Promise((resolve) => setTimeout(resolve, FREEZE_POLL_MS));
  }
}
