import { afterAll, describe, expect, test } from "bun:test";
import { readFacts } from "../../src/runtime/facts.ts";
import { canRun, removeTestCgroups, testContainer } from "./container.ts";

afterAll(removeTestCgroups);

const MIB = 1024 * 1024;
const { mode } = canRun ? readFacts().hierarchies : { mode: "v2" };
const cgroupFile = (controller: string, v1: string, v2: string): string =>
  mode === "v2" ? `/sys/fs/cgroup/${v2}` : `/sys/fs/cgroup/${controller}/${v1}`;

describe.skipIf(!canRun)("limits", () => {
  test("a process that takes more memory than its limit is killed, and that is said", async () => {
    await using c = await testContainer({
      linux: { resources: { memory: { limit: 16 * MIB, swap: 16 * MIB } } },
      script: "exec tail /dev/zero",
    });
    expect(await c.run()).toMatchObject({ code: 137, oomKilled: true });
  });

  test("a container cannot have more processes than its limit", async () => {
    await using c = await testContainer({
      linux: { resources: { pids: { limit: 4 } } },
      script: "for i in 1 2 3 4 5 6; do sleep 1 & done; echo end",
    });
    expect((await c.run()).output).toContain("can't fork: Resource temporarily unavailable");
  });

  test("processor limits are the kernel's", async () => {
    const file = cgroupFile("cpu", "cpu.cfs_quota_us", "cpu.max");
    await using c = await testContainer({
      linux: { resources: { cpu: { quota: 20_000, period: 100_000, shares: 512 } } },
      script: `cat ${file}; while :; do :; done`,
    });
    const container = await c.create();
    await container.start();
    const { promise, resolve } = Promise.withResolvers<void>();
    const poll = setInterval(async () => {
      const { cpu } = await container.stats();
      if (cpu.throttling.throttled > 0 && c.output() !== "") resolve();
    }, 20);
    await promise;
    clearInterval(poll);
    await container.signal(9);
    await container.exited;
    expect(c.output()).toMatch(/^20000/);
  });

  test("only the devices that the rules allow can be opened, whatever node a container makes", async () => {
    await using c = await testContainer({
      linux: {
        resources: {
          devices: [{ allow: false }, { allow: true, type: "c", major: 1, minor: 11, access: "w" }],
        },
      },
      process: {
        capabilities: { bounding: ["CAP_MKNOD"], effective: ["CAP_MKNOD"], permitted: ["CAP_MKNOD"] },
      },
      script:
        "mknod /dev/mem c 1 1 && cat /dev/mem > /dev/null; mknod /dev/kmsg c 1 11 && head -c1 /dev/kmsg; : > /dev/kmsg && echo open; cat /dev/null && echo null",
    });
    const { output } = await c.run();
    expect(output).toBe(
      [
        "cat: can't open '/dev/mem': Operation not permitted",
        "head: /dev/kmsg: Operation not permitted",
        "open",
        "null",
        "",
      ].join("\n"),
    );
  });

  test("a limit that the kernel refuses is an error that names it", async () => {
    await using c = await testContainer({ linux: { resources: { cpu: { cpus: "4095" } } } });
    await expect(c.create()).rejects.toMatchObject({
      code: "CGROUP_LIMIT_REFUSED",
      at: "/linux/resources/cpu/cpus",
      message: expect.stringContaining('cannot set cpuset.cpus to "4095"'),
    });
  });
});
