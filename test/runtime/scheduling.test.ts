import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { release } from "node:os";
import type { SpecLinux, SpecProcess } from "../../src/oci/runtime-spec.ts";
import { readFacts } from "../../src/runtime/facts.ts";
import { canRun, removeTestCgroups, testContainer } from "./container.ts";
import { ended } from "./executed.ts";

afterAll(removeTestCgroups);

/** proc_pid_stat(5): fields by their number, behind the command's name. */
const STAT = { nice: 19, priority: 40, policy: 41 } as const;
const stat = (pid: number | string, field: number): number =>
  Number(
    readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ")[field - 3],
  );

/** sched(7), "Limiting the CPU usage of real-time and deadline processes": with group scheduling each cgroup has its own. */
const RT_BUDGET = "/sys/fs/cgroup/cpu/cpu.rt_runtime_us";
let rooms = 0;

/** A cgroup of the test's own with some real time to give, where the kernel wants it given. */
function realTime(): AsyncDisposable & { readonly linux: Partial<SpecLinux> } {
  if (!existsSync(RT_BUDGET)) return { linux: {}, [Symbol.asyncDispose]: async () => {} };
  const name = `inro-test-rt-${process.pid}-${++rooms}`;
  mkdirSync(`/sys/fs/cgroup/cpu/${name}`);
  writeFileSync(`/sys/fs/cgroup/cpu/${name}/cpu.rt_runtime_us`, "20000");
  return {
    linux: { cgroupsPath: `/${name}/c`, resources: { cpu: { realtimeRuntime: 10_000 } } },
    [Symbol.asyncDispose]: async () => {
      const folders = readFacts().hierarchies.list.map(({ mount }) => `${mount}/${name}`);
      // The container's own goes with its monitor.
      for (let tries = 0; tries < 100 && folders.some((folder) => existsSync(`${folder}/c`)); tries++)
        await Bun.sleep(10);
      for (const folder of folders) if (existsSync(folder)) rmdirSync(folder);
    },
  };
}

/** Older kernels give what enters a cgroup all of its processors: "the final affinity is determined by the Linux kernel". */
const [major = 0, minor = 0] = release().split(".").map(Number);
const KEEPS_AFFINITY = major > 6 || (major === 6 && minor >= 2);

/** A container that stands at its gate, and what the host sees of its process. */
async function standing<T>(
  process: Partial<SpecProcess>,
  linux: Partial<SpecLinux>,
  look: (pid: number) => T,
) {
  await using c = await testContainer({ script: "sleep 100", process, linux });
  return look((await c.create()).pid);
}

async function said(
  process: Partial<SpecProcess>,
  linux: Partial<SpecLinux>,
  script: string,
): Promise<string> {
  await using c = await testContainer({ script, process, linux });
  return (await c.run()).output;
}

describe.skipIf(!canRun)("how a container's process gets processors, disks and memory", () => {
  test.each([
    [
      { policy: "SCHED_BATCH", nice: 7 },
      { policy: 3, nice: 7, priority: 0 },
    ],
    [
      { policy: "SCHED_OTHER", nice: -3 },
      { policy: 0, nice: -3, priority: 0 },
    ],
    [{ policy: "SCHED_IDLE" }, { policy: 5, nice: 0, priority: 0 }],
    [
      { policy: "SCHED_DEADLINE", runtime: 1_000_000, deadline: 50_000_000, period: 100_000_000 },
      { policy: 6, nice: 0, priority: 0 },
    ],
  ])("scheduler %o", async (scheduler, expected) => {
    const seen = await standing({ scheduler }, {}, (pid) => ({
      policy: stat(pid, STAT.policy),
      nice: stat(pid, STAT.nice),
      priority: stat(pid, STAT.priority),
    }));
    expect(seen).toEqual(expected);
  });

  test.each([
    [
      { policy: "SCHED_FIFO", priority: 5 },
      { policy: 1, priority: 5 },
    ],
    [
      { policy: "SCHED_RR", priority: 2, flags: ["SCHED_FLAG_RESET_ON_FORK"] },
      { policy: 2, priority: 2 },
    ],
  ])("a real-time scheduler in a cgroup with real time: %o", async (scheduler, expected) => {
    await using time = realTime();
    const seen = await standing({ scheduler }, time.linux, (pid) => ({
      policy: stat(pid, STAT.policy),
      priority: stat(pid, STAT.priority),
    }));
    expect(seen).toEqual(expected);
  });

  test.skipIf(!existsSync(RT_BUDGET))(
    "without real time in its cgroup the error says what is missing",
    async () => {
      await using c = await testContainer({ process: { scheduler: { policy: "SCHED_FIFO", priority: 5 } } });
      await expect(c.create()).rejects.toMatchObject({
        code: "SCHEDULING_REFUSED",
        hint: expect.stringContaining("realtimeRuntime"),
      });
    },
  );

  test("what the kernel refuses is an error that names the field", async () => {
    await using c = await testContainer({ process: { scheduler: { policy: "SCHED_ISO" } } });
    await expect(c.create()).rejects.toMatchObject({ code: "SCHEDULING_REFUSED", at: "/process/scheduler" });
  });

  test("ioPriority holds for the whole process group", async () => {
    const ioPriority = { class: "IOPRIO_CLASS_BE", priority: 6 };
    expect(await said({ ioPriority }, {}, "busybox ionice; (busybox ionice -p $$)")).toBe(
      "best-effort: prio 6\nbest-effort: prio 6\n",
    );
  });

  test("personality LINUX32 shows a 32-bit machine", async () => {
    const [name = ""] = [await said({}, { personality: { domain: "LINUX32" } }, "busybox uname -m")];
    expect(name.trim()).toMatch(process.arch === "x64" ? /^i686$/ : /^armv/);
    expect(await said({}, { personality: { domain: "LINUX" } }, "busybox uname -m")).toBe(
      `${process.arch === "x64" ? "x86_64" : "aarch64"}\n`,
    );
  });

  test("memoryPolicy binds memory to nodes", async () => {
    const memoryPolicy = { mode: "MPOL_BIND", nodes: "0", flags: ["MPOL_F_STATIC_NODES"] };
    const maps = await said({}, { memoryPolicy }, "cat /proc/self/numa_maps | head -n 1");
    expect(maps).toContain(" bind=static:0 ");
  });

  test("execCPUAffinity is nothing to the container's first process", async () => {
    const own = /^Cpus_allowed_list:\t(.*)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
    const seen = await said(
      { execCPUAffinity: { initial: "0", final: "0" } },
      {},
      "grep Cpus_allowed_list /proc/self/status",
    );
    expect(seen).toBe(`Cpus_allowed_list:\t${own}\n`);
  });

  test.each([
    [{ initial: "0", final: "1" }, "1"],
    [{ initial: "1" }, "1"],
    [{ final: "0" }, "0"],
  ])(
    "a program that is executed with %o runs on %p, and the monitor where it ran",
    async (execCPUAffinity, expected) => {
      await using c = await testContainer({ script: "sleep 100" });
      const container = await c.create();
      await container.start();
      const allowed = (pid: number): string | undefined =>
        /^Cpus_allowed_list:\t(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
      const monitor = Number(
        /^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${container.pid}/status`, "utf8"))?.[1],
      );
      const before = allowed(monitor);
      const { output } = await ended(container, "grep Cpus_allowed_list /proc/self/status", {
        execCPUAffinity,
      });
      const decided = "final" in execCPUAffinity || KEEPS_AFFINITY;
      expect(output).toBe(`Cpus_allowed_list:\t${decided ? expected : before}\n`);
      expect(allowed(monitor)).toBe(before);
    },
  );

  test("processors that the machine lacks are an error of exec", async () => {
    await using c = await testContainer({ script: "sleep 100" });
    const container = await c.create();
    await container.start();
    const wrong = ended(container, "true", { execCPUAffinity: { final: "8000" } });
    await expect(wrong).rejects.toMatchObject({ code: "SCHEDULING_REFUSED" });
  });
});

test.skipIf(!canRun)(
  "labels of a security module that the kernel lacks are an error that says so",
  async () => {
    for (const [process, at] of [
      [{ apparmorProfile: "cage" }, "/process/apparmorProfile"],
      [{ selinuxLabel: "system_u:system_r:cage_t:s0" }, "/process/selinuxLabel"],
    ] as const) {
      await using c = await testContainer({ process });
      await expect(c.create()).rejects.toMatchObject({ code: "LABEL_REFUSED", at });
    }
  },
);
