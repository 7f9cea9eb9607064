import { expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Act } from "../../../src/kernel/plan/act.ts";
import { afterSeccomp } from "../../../src/kernel/plan/after-seccomp.ts";
import type { Kind, Op } from "../../../src/kernel/plan/operations.ts";
import type { Plan } from "../../../src/kernel/plan/plan.ts";
import { printPlan } from "../../../src/kernel/plan/print.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import { callsOf } from "./calls.ts";
import { mounting } from "./mounting.ts";
import { openTalking, type Simple, simplePlan } from "./simple.ts";

const strace = ["/usr/bin/strace", "/bin/strace"].find((path) => existsSync(path));
const canTrace = strace !== undefined && process.getuid?.() === 0;

interface Traced {
  readonly pid: number;
  readonly name: string;
}

function parse(text: string): Traced[] {
  return text.split("\n").flatMap((line) => {
    const [, pid, name] = /^(\d+) +(\w+)\(/.exec(line) ?? [];
    return pid === undefined || name === undefined ? [] : [{ pid: Number(pid), name }];
  });
}

/** Runs a simple plan while strace looks at the executor and its children. */
async function traced(o: Simple) {
  using folder = temporaryFolder("plan");
  const file = join(folder.path, "trace");
  using talking = openTalking();
  const tracer = spawn(strace as string, ["-f", "-qq", "-o", file, "-p", String(talking.executor.pid)]);
  while (!existsSync(file)) await Bun.sleep(5);
  // strace opens its file before it is attached.
  while (!/TracerPid:\t[1-9]/.test(readFileSync(`/proc/${talking.executor.pid}/status`, "utf8")))
    await Bun.sleep(5);
  const over = new Promise((resolve) => tracer.once("exit", resolve));
  const plan = simplePlan(o);
  const { pid } = await talking.executor.plan(plan);
  await talking.executor.start();
  await talking.executor.ended;
  talking.executor[Symbol.dispose]();
  await over;
  const calls = parse(readFileSync(file, "utf8"));
  return { plan, pid, parent: calls.filter((call) => call.pid === talking.executor.pid), calls };
}

const namesOf = (calls: readonly Traced[], pid: number): string[] =>
  calls.filter((call) => call.pid === pid).map(({ name }) => name);

/** Each operation ends with a look at the clock: what lies between two looks is one operation's. */
function segments(names: readonly string[]): string[][] {
  const all: string[][] = [[]];
  for (const name of names) {
    if (name === "clock_gettime") all.push([]);
    else all.at(-1)?.push(name);
  }
  return all;
}

const actsOf = (plan: Plan, acts: readonly Act[]): Op[] => acts.flatMap((act) => plan[act]);

/** Calls that the plan's own text does not account for. */
function unaccounted(
  ops: readonly { readonly kind: Kind }[],
  parts: readonly (readonly string[])[],
): string[] {
  return ops.flatMap(({ kind }, i) =>
    (parts[i] ?? ["(missing)"])
      .filter((name) => !(callsOf[kind] ?? []).includes(name))
      .map((name) => `${kind}: ${name}`),
  );
}

const scheduling: readonly Op[] = [
  {
    kind: "scheduler",
    policy: 3,
    flags: 0n,
    nice: 1,
    priority: 0,
    runtime: 0n,
    deadline: 0n,
    period: 0n,
    because: "test",
  },
  { kind: "ioPriority", priority: (2 << 13) | 4, because: "test" },
  { kind: "cpuAffinity", cpus: Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0), because: "test" },
  { kind: "personality", domain: 0, because: "test" },
];

test.skipIf(!canTrace)(
  "what strace sees of the child is what the printed plan says, operation by operation",
  async () => {
    const { plan, pid, calls } = await traced({ ...mounting, confine: scheduling });
    const [prelude = [], ...parts] = segments(namesOf(calls, pid));
    expect([...new Set(prelude)]).toEqual(["close_range", "rt_sigaction", "rt_sigprocmask", "umask"]);
    const timed = actsOf(plan, ["build", "confine"]);
    const filter = timed.findIndex(({ kind }) => kind === "seccomp");
    // One more segment: the acts build and confine each begin with a look at the clock.
    const build = plan.build.length;
    expect(unaccounted(timed.slice(0, build), parts)).toEqual([]);
    expect(unaccounted(timed.slice(build, filter), parts.slice(build + 1))).toEqual([]);
    const printed = printPlan(plan);
    for (const { kind } of timed) expect(printed).toContain(kind);
  },
);

/** From the filter on no clock is read: the calls have to be those of the table, in the plan's order. */
function afterFilter(plan: Plan, names: readonly string[]): string[] {
  const all = actsOf(plan, ["confine", "become"]);
  const ops = all.slice(all.findIndex(({ kind }) => kind === "seccomp") + 1);
  let at = 0;
  return names.flatMap((name) => {
    const fits = (i: number): boolean =>
      (afterSeccomp[ops[i]?.kind ?? "seccomp"] ?? []).some((call) => call.name === name);
    let next = at;
    while (next < ops.length && !fits(next)) next++;
    if (next === ops.length) return [`${name} after ${ops[at]?.kind}`];
    at = next;
    return [];
  });
}

const hook = (phase: "createRuntime" | "createContainer" | "startContainer", path: string): Op => ({
  ...{ kind: "hook", phase, path, argv: ["probe", "exit", "0"], env: [], because: "test" },
  ...{ directory: "/", state: "{}", pidAt: 1 },
});

test.skipIf(!canTrace).each([false, true])(
  "after seccomp the child makes no call that the verifier's table lacks (init: %p)",
  async (useInit) => {
    const { plan, pid, calls } = await traced({ useInit, become: [hook("startContainer", "/probe")] });
    const mine = namesOf(calls, pid);
    const from = mine.indexOf("seccomp");
    expect(from).toBeGreaterThan(0);
    const to = useInit ? mine.length : mine.indexOf("execve") + 1;
    const called =
      calls.map((call) => call.pid).find((each) => each !== pid && namesOf(calls, each)[0] === "prctl") ?? 0;
    const itsOwn = namesOf(calls, called);
    const table = (afterSeccomp.hook ?? []).map(({ name }) => name);
    expect(itsOwn.indexOf("execve")).toBeGreaterThan(3);
    expect(itsOwn.slice(0, itsOwn.indexOf("execve")).filter((name) => !table.includes(name))).toEqual([]);
    expect(
      afterFilter(
        plan,
        mine.slice(from + 1, to).filter((name) => name !== "exit_group"),
      ),
    ).toEqual([]);
    if (!useInit) return;
    const program =
      calls
        .map((call) => call.pid)
        .findLast((each) => each !== pid && namesOf(calls, each).includes("execve")) ?? 0;
    const born = namesOf(calls, program);
    const allowed = new Set(
      [...(afterSeccomp.reaper ?? []), ...(afterSeccomp.exec ?? [])].map(({ name }) => name),
    );
    expect(born.slice(0, born.indexOf("execve") + 1).filter((name) => !allowed.has(name))).toEqual([]);
  },
);

/** What the executor does for itself: its frames, its memory, its waiting. */
const executors = new Set([
  "read",
  "sendto",
  "madvise",
  "mmap",
  "munmap",
  "ppoll",
  "recvmsg",
  "close",
  "write",
  "wait4",
  "restart_syscall",
  "exit_group",
]);

test.skipIf(!canTrace)(
  "what strace sees of the executor is what the printed plan says, and its own housekeeping",
  async () => {
    const cpus = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0);
    const { plan, parent } = await traced({
      ...mounting,
      clone: [{ kind: "cpuAffinity", cpus, because: "test" }],
    });
    const planned = new Set(
      actsOf(plan, ["host", "clone", "map"]).flatMap(({ kind }) => callsOf[kind] ?? []),
    );
    const others = parent.filter(
      ({ name }) => name !== "clock_gettime" && !planned.has(name) && !executors.has(name),
    );
    expect(others).toEqual([]);
  },
);
