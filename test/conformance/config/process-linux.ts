import { expect } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { holding, type Patch } from "../suite/bundle.ts";
import { realTime } from "../suite/cgroups.ts";
import { must, type Requirement, section, should } from "../suite/requirement.ts";
import type { World } from "../suite/world.ts";

const rlimits = (...list: readonly Patch[]): Patch => ({ process: { rlimits: list } });
const capabilities = (sets: Patch): Patch => ({ process: { capabilities: sets } });

/** One limit as proc_pid_limits(5) has it: soft and hard. */
async function limitOf(c: World, name: string, ...patches: readonly Patch[]): Promise<string[]> {
  const limits = await c.inside("cat /proc/self/limits", ...patches);
  const line = limits.split("\n").find((one) => one.startsWith(name)) ?? "";
  return line.slice(name.length).trim().split(/\s+/).slice(0, 2);
}

/** The capability sets of the container's program, by proc_pid_status(5)'s names. */
async function setsOf(c: World, ...patches: readonly Patch[]): Promise<Record<string, bigint>> {
  const status = await c.inside("cat /proc/self/status", ...patches);
  return Object.fromEntries(
    [...status.matchAll(/^Cap(\w+):\t(\w+)$/gm)].map(([, name, bits]) => [name, BigInt(`0x${bits}`)]),
  );
}

const [CHOWN, KILL, NET_BIND_SERVICE] = [1n << 0n, 1n << 5n, 1n << 10n];

/** config.md: POSIX process */
export const posixProcess = section("config.rlimits", "POSIX process", {
  1: must("**`type`** (string, REQUIRED) the platform resource being limited.", async (c) => {
    for (const type of [undefined, null, 7, ""])
      expect(await c.refused(rlimits({ type, soft: 1, hard: 1 }))).toContain("rlimits");
  }),
  2: must(
    "The runtime MUST generate an error for any values which cannot be mapped to a relevant kernel interface.",
    async (c) => {
      for (const type of ["RLIMIT_NOSUCH", "NOFILE", "rlimit_nofile"])
        expect(await c.refused(rlimits({ type, soft: 1, hard: 1 }))).toContain(type);
    },
  ),
  3: must("For each entry in `rlimits`, a `getrlimit(3)` on `type` MUST succeed.", async (c) => {
    const names = {
      ...{
        "Max cpu time": "CPU",
        "Max file size": "FSIZE",
        "Max data size": "DATA",
        "Max stack size": "STACK",
      },
      ...{
        "Max core file size": "CORE",
        "Max resident set": "RSS",
        "Max processes": "NPROC",
        "Max open files": "NOFILE",
      },
      ...{ "Max locked memory": "MEMLOCK", "Max address space": "AS", "Max file locks": "LOCKS" },
      ...{ "Max pending signals": "SIGPENDING", "Max msgqueue size": "MSGQUEUE" },
    };
    const own = readFileSync("/proc/self/limits", "utf8");
    const list = Object.entries(names).map(([line, name]) => {
      // Never more than this process has: not every root may raise a limit.
      const hard = /^ *\S+ +(\S+)/.exec(own.slice(own.indexOf(line) + line.length))?.[1] ?? "0";
      const value = hard === "unlimited" ? 2 ** 32 : Number(hard);
      return { line, type: `RLIMIT_${name}`, value };
    });
    const said = await c.inside(
      "cat /proc/self/limits",
      rlimits(...list.map(({ type, value }) => ({ type, soft: value, hard: value }))),
    );
    for (const { line, value } of list)
      expect(said).toMatch(new RegExp(`^${line} +${value} +${value} `, "m"));
  }),
  4: must(
    "**`soft`** (uint64, REQUIRED) the value of the limit enforced for the corresponding resource. `rlim.rlim_cur` MUST match the configured value.",
    async (c) => {
      const limit = { type: "RLIMIT_NOFILE", soft: 123, hard: 456 };
      expect(await limitOf(c, "Max open files", rlimits(limit))).toEqual(["123", "456"]);
      for (const soft of [undefined, -2, "5", 1.5])
        expect(await c.refused(rlimits({ ...limit, soft }))).toContain("rlimits");
    },
  ),
  5: must(
    "**`hard`** (uint64, REQUIRED) the ceiling for the soft limit that could be set by an unprivileged process. `rlim.rlim_max` MUST match the configured value.",
    async (c) => {
      const limit = { type: "RLIMIT_CORE", soft: 0, hard: 4096 };
      expect(await limitOf(c, "Max core file size", rlimits(limit))).toEqual(["0", "4096"]);
      for (const hard of [undefined, -2, "5", 1.5])
        expect(await c.refused(rlimits({ ...limit, hard }))).toContain("rlimits");
      // getrlimit(2): a soft limit is never above the hard one.
      expect(await c.refused(rlimits({ ...limit, soft: 5000 }))).toContain("rlimits");
    },
  ),
  6: must(
    "If `rlimits` contains duplicated entries with same `type`, the runtime MUST generate an error.",
    async (c) => {
      const limit = { type: "RLIMIT_CORE", soft: 0, hard: 0 };
      expect(await c.refused(rlimits(limit, limit))).toContain("RLIMIT_CORE");
    },
  ),
});

const scheduler = (more: Patch): Patch => ({ process: { scheduler: more } });
const ioPriority = (more: Patch): Patch => ({ process: { ioPriority: more } });
const nobody: Patch = holding("CAP_SYS_NICE");

/** proc_pid_stat(5), fields 19 (nice), 40 (static priority) and 41 (policy). */
const SCHEDULED = "cut -d' ' -f19,40,41 /proc/self/stat";
const ZERO = "If not set, the runtime must use the value 0.";

/** SCHED_DEADLINE takes no zero: sched(7) says EINVAL, so that a value which is not set is an error. */
const deadlineNeeds = (name: string): Requirement =>
  must(ZERO, async (c) => {
    const whole = {
      policy: "SCHED_DEADLINE",
      runtime: 1_000_000,
      deadline: 10_000_000,
      period: 20_000_000,
    };
    if (name === "period") {
      // A period of 0 is the deadline.
      expect(await c.inside(SCHEDULED, scheduler({ ...whole, period: undefined }))).toBe("0 0 6\n");
      return;
    }
    expect(await c.inside(SCHEDULED, scheduler(whole))).toBe("0 0 6\n");
    expect(await c.refused(scheduler({ ...whole, [name]: undefined }))).toContain("scheduling");
  });

/** config.md: Linux Process */
export const linuxProcess = section("config.process.linux", "Linux Process", {
  1: must(
    "Any value which cannot be mapped to a relevant kernel interface, or cannot be granted otherwise MUST be logged as a warning by the runtime.",
    async (c) => {
      const log = join(c.room, "log");
      const names = ["CAP_KILL", "CAP_NOSUCH"];
      const one = c.container(capabilities({ bounding: names, permitted: names, effective: names }), {
        process: { args: ["true"] },
      });
      expect(await c.runtime("--log", log, "run", "--bundle", one.bundle, one.id)).toMatchObject({ code: 0 });
      expect(readFileSync(log, "utf8")).toMatch(/warn.*CAP_NOSUCH/);
    },
  ),
  2: should(
    "Runtimes SHOULD NOT fail if the container configuration requests capabilities that cannot be granted, for example, if the runtime operates in a restricted environment with a limited set of capabilities.",
    async (c) => {
      const all = ["CAP_CHOWN", "CAP_KILL"];
      const one = c.container(holding(...all), { process: { args: ["cat", "/proc/self/status"] } });
      c.beforehand('exec setpriv --bounding-set -kill --inh-caps -kill "$@"');
      const { code, stdout } = await one.run();
      expect(code).toBe(0);
      expect(stdout).toContain("CapBnd:\t0000000000000001\n");
    },
  ),
  3: must(
    "**`effective`** (array of strings, OPTIONAL) the `effective` field is an array of effective capabilities that are kept for the process.",
    async (c) => {
      const sets = await setsOf(
        c,
        capabilities({
          ...holding("CAP_CHOWN", "CAP_KILL"),
          bounding: ["CAP_CHOWN", "CAP_KILL"],
          permitted: ["CAP_CHOWN", "CAP_KILL"],
          effective: ["CAP_KILL"],
        }),
        { process: { user: { uid: 5, gid: 5 } } },
      );
      // execve(2) of a program without file capabilities, by another user than root, empties the set.
      expect(sets["Bnd"]).toBe(CHOWN | KILL);
      expect(sets["Eff"]).toBe(0n);
      const root = await setsOf(c, holding("CAP_CHOWN", "CAP_KILL"));
      expect(root["Eff"]).toBe(CHOWN | KILL);
    },
  ),
  4: must(
    "**`bounding`** (array of strings, OPTIONAL) the `bounding` field is an array of bounding capabilities that are kept for the process.",
    async (c) => {
      const sets = await setsOf(
        c,
        capabilities({ bounding: ["CAP_CHOWN", "CAP_KILL"], permitted: [], effective: [] }),
      );
      expect(sets["Bnd"]).toBe(CHOWN | KILL);
    },
  ),
  5: must(
    "**`inheritable`** (array of strings, OPTIONAL) the `inheritable` field is an array of inheritable capabilities that are kept for the process.",
    async (c) => {
      const names = ["CAP_CHOWN", "CAP_KILL"];
      const sets = await setsOf(
        c,
        capabilities({ bounding: names, permitted: names, effective: names, inheritable: ["CAP_KILL"] }),
      );
      expect(sets["Inh"]).toBe(KILL);
    },
  ),
  6: must(
    "**`permitted`** (array of strings, OPTIONAL) the `permitted` field is an array of permitted capabilities that are kept for the process.",
    async (c) => {
      const sets = await setsOf(c, holding("CAP_CHOWN"));
      expect(sets["Prm"]).toBe(CHOWN);
    },
  ),
  7: must(
    "**`ambient`** (array of strings, OPTIONAL) the `ambient` field is an array of ambient capabilities that are kept for the process.",
    async (c) => {
      const names = ["CAP_NET_BIND_SERVICE"];
      const sets = await setsOf(
        c,
        capabilities({
          bounding: names,
          permitted: names,
          effective: names,
          inheritable: names,
          ambient: names,
        }),
        {
          process: { user: { uid: 5, gid: 5 } },
        },
      );
      // What another user than root keeps across execve(2).
      expect(sets).toMatchObject({ Amb: NET_BIND_SERVICE, Eff: NET_BIND_SERVICE, Prm: NET_BIND_SERVICE });
    },
  ),
  8: must(
    "**`noNewPrivileges`** (bool, OPTIONAL) setting `noNewPrivileges` to true prevents the process from gaining additional privileges.",
    async (c) => {
      const look = "grep NoNewPrivs /proc/self/status";
      expect(await c.inside(look, { process: { noNewPrivileges: true } })).toBe("NoNewPrivs:\t1\n");
      expect(await c.inside(look, { process: { noNewPrivileges: false } })).toBe("NoNewPrivs:\t0\n");
    },
  ),
  9: must("If `oomScoreAdj` is set, the runtime MUST set `oom_score_adj` to the given value.", async (c) => {
    for (const oomScoreAdj of [100, 1000])
      expect(await c.inside("cat /proc/self/oom_score_adj", { process: { oomScoreAdj } })).toBe(
        `${oomScoreAdj}\n`,
      );
    expect(await c.refused({ process: { oomScoreAdj: 1001 } })).toContain("oomScoreAdj");
  }),
  10: must(
    "If `oomScoreAdj` is not set, the runtime MUST NOT change the value of `oom_score_adj`.",
    async (c) => {
      c.beforehand("echo 77 >/proc/self/oom_score_adj");
      expect(await c.inside("cat /proc/self/oom_score_adj")).toBe("77\n");
    },
  ),
  11: must("**`policy`** (string, REQUIRED) represents the scheduling policy.", async (c) => {
    for (const [policy, number] of [
      ["SCHED_OTHER", 0],
      ["SCHED_BATCH", 3],
      ["SCHED_IDLE", 5],
    ])
      expect(await c.inside(SCHEDULED, scheduler({ policy }))).toBe(`0 0 ${number}\n`);
    for (const policy of [undefined, "SCHED_NOSUCH", 0])
      expect(await c.refused(scheduler({ policy }))).toContain("scheduler");
  }),
  12: must(
    "**`nice`** (int32, OPTIONAL) is the nice value for the process, affecting its priority. A lower nice value corresponds to a higher priority. If not set, the runtime must use the value 0.",
    async (c) => {
      expect(await c.inside(SCHEDULED, scheduler({ policy: "SCHED_OTHER", nice: 7 }), nobody)).toBe(
        "7 0 0\n",
      );
      c.beforehand("renice -n 5 -p $$ >/dev/null");
      expect(await c.inside(SCHEDULED, scheduler({ policy: "SCHED_OTHER" }))).toBe("0 0 0\n");
    },
  ),
  13: must(
    "**`priority`** (int32, OPTIONAL) represents the static priority of the process, used by real-time policies like SCHED_FIFO and SCHED_RR. If not set, the runtime must use the value 0.",
    async (c) => {
      expect(await c.inside(SCHEDULED, scheduler({ policy: "SCHED_RR", priority: 3 }))).toBe("0 3 2\n");
      expect(await c.inside(SCHEDULED, scheduler({ policy: "SCHED_FIFO", priority: 7 }))).toBe("0 7 1\n");
      // sched(7): real-time priorities begin at 1.
      expect(await c.refused(scheduler({ policy: "SCHED_RR" }))).toContain("scheduler");
    },
    { needs: realTime },
  ),
  14: deadlineNeeds("runtime"),
  15: deadlineNeeds("deadline"),
  16: deadlineNeeds("period"),
  17: must("**`class`** (string, REQUIRED) specifies the I/O scheduling class.", async (c) => {
    const classes = {
      IOPRIO_CLASS_RT: "realtime",
      IOPRIO_CLASS_BE: "best-effort",
      IOPRIO_CLASS_IDLE: "idle",
    };
    for (const [name, said] of Object.entries(classes))
      expect(await c.inside("ionice -p 1", ioPriority({ class: name, priority: 3 }))).toStartWith(said);
    for (const name of [undefined, "IOPRIO_CLASS_NOSUCH", 2])
      expect(await c.refused(ioPriority({ class: name, priority: 3 }))).toContain("ioPriority");
  }),
  18: must("**`priority`** (int, REQUIRED) specifies the priority level within the class.", async (c) => {
    expect(await c.inside("ionice -p 1", ioPriority({ class: "IOPRIO_CLASS_BE", priority: 6 }))).toBe(
      "best-effort: prio 6\n",
    );
  }),
  19: should("The value should be an integer ranging from 0 (highest) to 7 (lowest).", async (c) => {
    for (const priority of [-1, 8, 1.5, "3"])
      expect(await c.refused(ioPriority({ class: "IOPRIO_CLASS_BE", priority }))).toContain("ioPriority");
  }),
  20: should(
    "If omitted or empty, runtime SHOULD NOT change process' CPU affinity after the process is moved to container's cgroup, and the final affinity is determined by the Linux kernel.",
    async (c) => {
      const look = ["grep", "Cpus_allowed_list", "/proc/self/status"];
      const one = await c.running({ process: { execCPUAffinity: { initial: "0" } } });
      const { stdout } = await c.runtime("exec", one.id, ...look);
      // Kernels before 6.2 give it all of its new cgroup's processors.
      expect(stdout).toMatch(/^Cpus_allowed_list:\t(0|0-\d+)\n$/);
      const other = await c.running({ process: { execCPUAffinity: { initial: "0", final: "1" } } });
      expect((await c.runtime("exec", other.id, ...look)).stdout).toBe("Cpus_allowed_list:\t1\n");
    },
  ),
});
