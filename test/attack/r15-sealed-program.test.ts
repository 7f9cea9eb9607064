import { expect, test } from "bun:test";
import {
  closeSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  statSync,
  writeSync,
} from "node:fs";
import type { Op } from "../../src/kernel/plan/operations.ts";
import { lockedProgram } from "../../src/platform/locked-program.ts";
import { busyboxMissing } from "../engine/busybox.ts";
import { opened } from "../engine/opened.ts";
import { openTalking, simplePlan } from "../kernel/plan/simple.ts";
import { probeProgram } from "../native/programs.ts";
import { until } from "../runtime/command/bundle.ts";

const isRoot = process.getuid?.() === 0;

/** What every way of writing to the file behind an open descriptor answers. */
function attempts(fd: number): string[] {
  const tries: (() => unknown)[] = [
    () => {
      const writable = openSync(`/proc/self/fd/${fd}`, "r+");
      try {
        writeSync(writable, "#!/tmp/evil\n");
      } finally {
        closeSync(writable);
      }
    },
    () => closeSync(openSync(`/proc/self/fd/${fd}`, "w")),
    () => ftruncateSync(fd, 0),
  ];
  return tries.map((attempt) => {
    try {
      attempt();
      return "written";
    } catch (cause) {
      return (cause as NodeJS.ErrnoException).code ?? String(cause);
    }
  });
}

const REFUSALS = ["EPERM", "ETXTBSY", "EINVAL", "EACCES"];

test.skipIf(!isRoot)(
  "R15 the program that starts containers cannot be overwritten through /proc (CVE-2019-5736)",
  async () => {
    let leaked = -1;
    {
      using talking = openTalking();
      const { pid } = await talking.executor.plan(simplePlan({ argv: ["probe", "exit", "0"] }));
      // At the gate the container's first process is still our program: this is the descriptor that an attacker keeps.
      leaked = openSync(`/proc/${pid}/exe`, "r");
      await talking.executor.start();
      await talking.executor.ended;
      // The executor still runs from the same file: ETXTBSY alone would do here.
      for (const answer of attempts(leaked)) expect(REFUSALS).toContain(answer);
      await talking.executor.close();
    }
    // Nobody runs it any more through this executor; only the seals are left.
    for (const answer of attempts(leaked)) expect(REFUSALS).toContain(answer);
    const magic = Buffer.alloc(4);
    readSync(leaked, magic, 0, 4, 0);
    expect(magic.toString("latin1")).toBe("\x7fELF");
    closeSync(leaked);
  },
);

test.skipIf(!isRoot)(
  "R15 pid 1 of ours, which stays in the container, is sealed as well (CVE-2019-5736)",
  async () => {
    using talking = openTalking();
    const { pid } = await talking.executor.plan(simplePlan({ argv: ["probe", "wait"], useInit: true }));
    await talking.executor.start();
    const init = openSync(`/proc/${pid}/exe`, "r");
    for (const answer of attempts(init)) expect(REFUSALS).toContain(answer);
    process.kill(pid, "SIGKILL");
    await talking.executor.ended;
    await talking.executor.close();
    for (const answer of attempts(init)) expect(REFUSALS).toContain(answer);
    closeSync(init);
  },
);

/** The writable shared mappings of a process. */
const sharedMappings = (pid: number): { from: number; to: number }[] =>
  readFileSync(`/proc/${pid}/maps`, "utf8")
    .split("\n")
    .filter((line) => / rw-s /.test(line))
    .map((line) => line.split(/[- ]/, 2).map((at) => Number.parseInt(at, 16)))
    .map(([from = 0, to = 0]) => ({ from, to }));

test.skipIf(!isRoot)(
  "R15 memory that pid 1 of ours shared with its parent is no longer the parent's once the program runs",
  async () => {
    using talking = openTalking();
    // An operation of `undo` that writes into its record.
    const undo: Op[] = [{ kind: "removeCgroup", hierarchy: "/tmp", path: "/none", because: "test" }];
    const { pid } = await talking.executor.plan(simplePlan({ argv: ["probe", "wait"], useInit: true, undo }));
    await talking.executor.start();
    const mappings = sharedMappings(pid);
    expect(mappings.length).toBeGreaterThan(0);
    // Whoever may trace pid 1 in the container may write this.
    const memory = openSync(`/proc/${pid}/mem`, "r+");
    for (const { from, to } of mappings) writeSync(memory, Buffer.alloc(to - from, "A"), 0, to - from, from);
    closeSync(memory);
    // It says first that the program runs, which is in those records.
    for (let tries = 0; tries < 100 && sharedMappings(talking.executor.pid).length > 0; tries++)
      await Bun.sleep(10);
    expect(sharedMappings(talking.executor.pid)).toEqual([]);
    process.kill(pid, "SIGKILL");
    const { signal } = await talking.executor.ended;
    expect(signal).toBe(9);
    await talking.executor.close();
  },
);

test.skipIf(!isRoot)(
  "R15 where memory files may not be executed, a read-only mount takes their place",
  async () => {
    const path = lockedProgram("inro-native", readFileSync(probeProgram()));
    expect(path).toBeDefined();
    const child = Bun.spawn([path as string, "wait"], { argv0: "probe" });
    const exe = openSync(`/proc/${child.pid}/exe`, "r");
    child.kill("SIGKILL");
    await child.exited;
    const answers = attempts(exe);
    expect(answers.filter((answer) => answer !== "EROFS" && answer !== "EINVAL")).toEqual([]);
    expect(answers).toContain("EROFS");
    closeSync(exe);
  },
);

const processes = (): number[] => readdirSync("/proc").map(Number).filter(Number.isInteger);

/** The processes that execute the file behind an open descriptor. */
function runners(fd: number): number[] {
  const { dev, ino } = fstatSync(fd);
  return processes().filter((pid) => {
    try {
      const file = statSync(`/proc/${pid}/exe`);
      return file.ino === ino && file.dev === dev;
    } catch {
      // It has ended, or is none of ours to look at.
      return false;
    }
  });
}

/** What it was started as; empty when it has ended. */
function roleOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1").split("\0", 1)[0] ?? "";
  } catch {
    return "";
  }
}

test.skipIf(!isRoot || busyboxMissing)(
  "R15 what a container had of the program that started it keeps no other from starting",
  async () => {
    await using o = await opened();
    const id = await o.create(["sleep", "60"]);
    const before = processes();
    const init = await o.run(["sleep", "60"], { init: true });
    const { state } = o.engine.containers.get(init);
    const kept = openSync(`/proc/${"pid" in state ? state.pid : ""}/exe`, "r");
    await o.engine.containers.stop(init, { signal: "KILL", timeout: 1 });
    await o.engine.containers.remove(init, { force: true, volumes: true });
    await until(() => runners(kept).every((pid) => before.includes(pid) && roleOf(pid) === "inro-executor"));
    // What the container gave away of itself while it ran: somebody else has it now.
    let writable: number | undefined;
    try {
      writable = openSync(`/proc/self/fd/${kept}`, "r+");
    } catch (cause) {
      expect((cause as NodeJS.ErrnoException).code).toBe("ETXTBSY");
    }
    try {
      await o.engine.containers.start(id);
      expect(o.engine.containers.get(id).state.status).toBe("running");
    } finally {
      if (writable !== undefined) closeSync(writable);
      closeSync(kept);
    }
  },
  30_000,
);
