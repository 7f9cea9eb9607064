import { afterEach, describe, expect, test } from "bun:test";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { setFrozen } from "../../../src/kernel/cgroup/freezer.ts";
import { type CgroupSet, killAll, processesOf, removeAll } from "../../../src/kernel/cgroup/set.ts";
import { openExecutor } from "../../../src/kernel/executor/executor.ts";
import type { Op } from "../../../src/kernel/plan/operations.ts";
import { canMakeCgroups, liveCgroups } from "./live.ts";

const NATIVE = join(import.meta.dir, "../../../build/native/inro-native");
const children: ChildProcess[] = [];

afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill("SIGKILL");
    await once(child, "exit");
  }
});

/** A program that does not end by itself, not in any cgroup yet: a line on its standard input starts it. */
function waiting(script: string): ChildProcess {
  const child = spawn("sh", ["-c", `read x; ${script}`], { stdio: ["pipe", "ignore", "ignore"] });
  children.push(child);
  return child;
}

/** Nests cgroups below `path`, and answers how deep; no path of the kernel's reaches the innermost. */
function nest(path: string, depth: number): void {
  let at = openSync(path, "r");
  for (let level = 0; level < depth; level++) {
    const name = `${level}`.padEnd(200, "x");
    mkdirSync(`/proc/self/fd/${at}/${name}`);
    const inner = openSync(`/proc/self/fd/${at}/${name}`, "r");
    closeSync(at);
    at = inner;
  }
  closeSync(at);
}

async function removeByPlan(set: CgroupSet): Promise<void> {
  const executor = openExecutor(NATIVE);
  const ops = set.map(({ path }): Op => {
    return { kind: "removeCgroup", hierarchy: dirname(path), path: `/${basename(path)}`, because: "test" };
  });
  const records = await executor.batch(ops, { stop: false });
  await executor.close();
  expect(records.map(({ errno }) => errno)).toEqual(set.map(() => 0));
}

const left = (set: CgroupSet): string[] => set.map(({ path }) => path).filter((path) => existsSync(path));

describe.skipIf(!canMakeCgroups).each([
  ["the command line", removeAll],
  ["the native program", removeByPlan],
])("cgroups removed by %s", (_, remove) => {
  test("however deep a container has nested them", async () => {
    await using c = liveCgroups();
    for (const { path } of c.set) nest(path, 40);
    await remove(c.set);
    expect(left(c.set)).toEqual([]);
  });

  test("however many it has made", async () => {
    await using c = liveCgroups();
    for (const { path } of c.set.slice(0, 2))
      for (let n = 0; n < 300; n++) mkdirSync(`${path}/${n % 20}/${n}`, { recursive: true });
    await remove(c.set);
    expect(left(c.set)).toEqual([]);
  });
});

describe.skipIf(!canMakeCgroups)("everything in a container ends", () => {
  test("also what it has put into cgroups of its own, of whatever depth", async () => {
    await using c = liveCgroups();
    const inner = waiting("exec sleep 600");
    const first = c.set.find(({ version, controllers }) => version === 2 || controllers.includes("freezer"));
    if (first === undefined) throw new Error("no cgroup that holds processes together");
    mkdirSync(`${first.path}/a/b/c`, { recursive: true });
    writeFileSync(`${first.path}/a/b/c/cgroup.procs`, String(inner.pid));
    expect(processesOf(c.set)).toEqual([inner.pid as number]);
    const ended = once(inner, "exit");
    await removeByPlan([first]);
    expect(await ended).toEqual([null, "SIGKILL"]);
    expect(existsSync(first.path)).toBe(false);
  });

  test("a storm of forks, and with v1's freezer alone too", async () => {
    await using c = liveCgroups();
    const sets = [c.set, c.set.filter(({ version }) => version === 1)].filter((set) => set.length > 0);
    for (const set of sets) {
      await storm(c.join, set);
      await killAll(set);
      expect(processesOf(c.set)).toEqual([]);
    }
  });

  test.skipIf(!existsSync("/sys/fs/cgroup/freezer"))(
    "a storm of forks ends by a plan on v1 alone",
    async () => {
      await using c = liveCgroups();
      const freezer = c.set.filter(({ controllers }) => controllers.includes("freezer"));
      await storm(c.join, freezer);
      await removeByPlan(freezer);
      expect(processesOf(c.set)).toEqual([]);
    },
  );

  test("frozen processes stand still, and can be killed", async () => {
    await using c = liveCgroups();
    const sets = [c.set, c.set.filter(({ version }) => version === 1)].filter((set) => set.length > 0);
    for (const set of sets) {
      const busy = waiting("while :; do :; done");
      const ended = once(busy, "exit");
      c.join(busy.pid as number);
      busy.stdin?.write("\n");
      await Bun.sleep(20);
      await setFrozen(set, true);
      const before = cpuTime(busy.pid as number);
      await Bun.sleep(60);
      expect(cpuTime(busy.pid as number)).toBe(before);
      await killAll(set);
      expect(await ended).toEqual([null, "SIGKILL"]);
    }
  });

  test("a cgroup that stays busy is an error that names who is in it", async () => {
    await using c = liveCgroups();
    const busy = waiting("exec sleep 600");
    c.join(busy.pid as number);
    await expect(removeAll(c.set)).rejects.toThrow(`there are processes in it after 5 s: ${busy.pid}`);
  }, 20_000);
});

/** Twenty shells that fork for ever; at work when it resolves. */
async function storm(join: (pid: number) => void, set: CgroupSet): Promise<void> {
  const child = waiting("for n in 1 2 3 4 5 6 7 8 9 10; do while :; do (:) & (:); done & done; wait");
  join(child.pid as number);
  child.stdin?.write("\n");
  while (processesOf(set).length < 11) await Bun.sleep(1);
}

/** Ticks in user mode (proc_pid_stat(5), field 14). */
const cpuTime = (pid: number): string | undefined => readFileSync(`/proc/${pid}/stat`, "utf8").split(" ")[13];
