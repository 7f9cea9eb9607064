import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { locate, unifiedOf } from "../../src/kernel/cgroup/hierarchies.ts";
import { openExecutor } from "../../src/kernel/executor/executor.ts";
import type { Op } from "../../src/kernel/plan/operations.ts";
import type { SpecResources } from "../../src/oci/runtime-spec.ts";
import { readFacts } from "../../src/runtime/facts.ts";
import { typical } from "./compile/spec.ts";
import { canRun, removeTestCgroups, type TestContainer, testContainer } from "./container.ts";
import { ended } from "./executed.ts";

afterAll(removeTestCgroups);

const MIB = 1024 * 1024;
const NATIVE = join(import.meta.dir, "../../build/native/inro-native");
const { hierarchies } = readFacts();
const v2 = hierarchies.mode === "v2";

const folderOf = (c: TestContainer, controller: string): string =>
  `${(locate(hierarchies, controller) ?? unifiedOf(hierarchies))?.mount}/inro-test/${c.id}`;
const read = (c: TestContainer, controller: string, file: string): string =>
  readFileSync(`${folderOf(c, controller)}/${file}`, "utf8").trim();
const limited = (resources: SpecResources) => testContainer({ linux: { resources }, script: "sleep 600" });

describe.skipIf(!canRun)("each limit is in the kernel", () => {
  test.skipIf(v2)("what v1's memory controller has beside its limits", async () => {
    const kernelTCP = 2 * MIB;
    const memory = {
      limit: 32 * MIB,
      reservation: 16 * MIB,
      swappiness: 7,
      disableOOMKiller: true,
      kernelTCP,
    };
    await using c = await limited({ memory: { ...memory, kernel: MIB } });
    await c.create();
    expect(read(c, "memory", "memory.soft_limit_in_bytes")).toBe(String(16 * MIB));
    expect(read(c, "memory", "memory.swappiness")).toBe("7");
    expect(read(c, "memory", "memory.oom_control")).toStartWith("oom_kill_disable 1");
    expect(read(c, "memory", "memory.kmem.tcp.limit_in_bytes")).toBe(String(kernelTCP));
  });

  test.skipIf(!v2)("memory.high holds a container back, memory.low keeps what it has", async () => {
    await using c = await testContainer({
      linux: {
        resources: {
          memory: { limit: 64 * MIB, reservation: 8 * MIB },
          unified: { "memory.high": String(24 * MIB) },
        },
      },
      script: "dd if=/dev/zero of=/tmp/pages bs=1M count=40 2>/dev/null; echo done; exec sleep 600",
    });
    const container = await c.create();
    await container.start();
    while (!c.output().includes("done")) await Bun.sleep(20);
    expect(read(c, "memory", "memory.low")).toBe(String(8 * MIB));
    expect(Number(/high (\d+)/.exec(read(c, "memory", "memory.events"))?.[1])).toBeGreaterThan(0);
    expect((await container.stats()).memory.usage).toBeLessThan(40 * MIB);
  });

  test("burst, idle, memory nodes", async () => {
    await using c = await limited({
      cpu: { quota: 50_000, period: 100_000, burst: 30_000, idle: 1, mems: "0" },
    });
    await c.create();
    expect(read(c, "cpu", v2 ? "cpu.max.burst" : "cpu.cfs_burst_us")).toBe("30000");
    expect(read(c, "cpu", "cpu.idle")).toBe("1");
    expect(read(c, "cpuset", "cpuset.mems")).toBe("0");
  });

  test.skipIf(locate(hierarchies, "hugetlb") === undefined)("huge pages, as reservations", async () => {
    await using c = await limited({ hugepageLimits: [{ pageSize: "2MB", limit: 4 * MIB }] });
    const container = await c.create();
    const file =
      locate(hierarchies, "hugetlb")?.version === 2
        ? "hugetlb.2MB.rsvd.max"
        : "hugetlb.2MB.rsvd.limit_in_bytes";
    expect(read(c, "hugetlb", file)).toBe(String(4 * MIB));
    expect((await container.stats()).hugetlb["2MB"]?.limit).toBe(4 * MIB);
  });

  test.skipIf(unifiedOf(hierarchies) === undefined)(
    "files of the unified hierarchy by their names",
    async () => {
      await using c = await limited({ unified: { "cgroup.max.depth": "3" } });
      await c.create();
      expect(read(c, "none", "cgroup.max.depth")).toBe("3");
    },
  );

  test.skipIf(locate(hierarchies, "net_cls") === undefined)("network classes and priorities", async () => {
    await using c = await limited({
      network: { classID: 0x100001, priorities: [{ name: "lo", priority: 3 }] },
    });
    await c.create();
    expect(read(c, "net_cls", "net_cls.classid")).toBe("1048577");
    expect(read(c, "net_prio", "net_prio.ifpriomap")).toContain("lo 3");
  });

  test("a limit that was not asked for is not set, and one whose controller is missing is an error", async () => {
    await using c = await limited({ rdma: { mlx5_0: { hcaHandles: 3 } } });
    const missing = locate(hierarchies, "rdma") === undefined;
    await expect(c.create()).rejects.toMatchObject({
      code: missing ? "CGROUP_CONTROLLER_MISSING" : "CGROUP_LIMIT_REFUSED",
      at: "/linux/resources/rdma/mlx5_0",
    });
  });

  test("a container that waits for processors says so, where the kernel counts pressure", async () => {
    await using c = await testContainer({
      linux: { resources: { cpu: { quota: 10_000, period: 100_000 } } },
      script: "while :; do :; done",
    });
    const container = await c.create();
    await container.start();
    let { cpu } = await container.stats();
    while (cpu.throttling.throttled < 3) {
      await Bun.sleep(50);
      ({ cpu } = await container.stats());
    }
    if (cpu.pressure !== null) expect(cpu.pressure.some.totalUs).toBeGreaterThan(0n);
    if (v2) expect(cpu.pressure).not.toBeNull();
  });
});

describe.skipIf(!canRun)("a container that may write to its cgroups", () => {
  const writable = (wish: Parameters<typeof testContainer>[0]) => {
    const own = { destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: ["nosuid"] };
    const mounts = typical.mounts?.map((mount) => (mount.destination === own.destination ? own : mount));
    return testContainer({ ...wish, spec: { mounts: mounts ?? [] } });
  };

  test.skipIf(unifiedOf(hierarchies) === undefined)(
    "is joined where its first process is, when it has put that below",
    async () => {
      const top = v2 ? "/sys/fs/cgroup" : "/sys/fs/cgroup/unified";
      const enable = v2 ? `echo +pids >${top}/cgroup.subtree_control;` : "";
      await using c = await writable({
        script: `mkdir ${top}/inner; echo 1 >${top}/inner/cgroup.procs; ${enable} echo done; exec sleep 600`,
      });
      const container = await c.create();
      await container.start();
      while (!c.output().includes("done")) await Bun.sleep(10);
      const { output } = await ended(container, "grep ^0: /proc/self/cgroup");
      expect(output).toBe("0::/inner\n");
    },
  );

  test.skipIf(!v2)("owns on v2 what was delegated to its user, and no limit", async () => {
    await using c = await writable({ process: { user: { uid: 1000, gid: 1000 } }, script: "sleep 600" });
    await c.create();
    const owner = (file: string): number => statSync(`${folderOf(c, "memory")}/${file}`).uid;
    expect([".", "cgroup.procs", "cgroup.subtree_control"].map(owner)).toEqual([1000, 1000, 1000]);
    expect(["memory.max", "pids.max", "cgroup.freeze"].map(owner)).toEqual([0, 0, 0]);
  });
});

describe.skipIf(!canRun)("the place of a container's cgroups", () => {
  const at = (cgroupsPath: string) => testContainer({ linux: { cgroupsPath }, script: "sleep 600" });
  const home = unifiedOf(hierarchies)?.mount ?? locate(hierarchies, "memory")?.mount;

  test("one with processes in it, or in one below it, is somebody's", async () => {
    const name = `inro-test-busy-${process.pid}`;
    const folder = `${home}/${name}`;
    mkdirSync(`${folder}/inner`, { recursive: true });
    const sleeper = Bun.spawn(["sleep", "600"]);
    try {
      writeFileSync(`${folder}/inner/cgroup.procs`, String(sleeper.pid));
      await using c = await at(`/${name}`);
      await expect(c.create()).rejects.toMatchObject({
        code: "CGROUP_BUSY",
        message: expect.stringContaining(`process ${sleeper.pid} is in ${folder}`),
      });
    } finally {
      sleeper.kill();
      await sleeper.exited;
      rmdirSync(`${folder}/inner`);
      rmdirSync(folder);
    }
  });

  test.skipIf(unifiedOf(hierarchies) === undefined)("in a frozen one nothing would start", async () => {
    const folder = `${home}/inro-test-frozen-${process.pid}`;
    mkdirSync(folder);
    try {
      writeFileSync(`${folder}/cgroup.freeze`, "1");
      await using c = await at(`/inro-test-frozen-${process.pid}`);
      await expect(c.create()).rejects.toMatchObject({ code: "CGROUP_BUSY", at: "/linux/cgroupsPath" });
    } finally {
      rmdirSync(folder);
    }
  });

  test.each([
    ["/inro-test/../x", "it is no path below a hierarchy"],
    ["system.slice:inro:web", "systemd's slice notation is not supported"],
    ["/", "it is no path below a hierarchy"],
  ])("%s is refused", async (path, why) => {
    await using c = await at(path);
    await expect(c.create()).rejects.toMatchObject({ code: "CGROUP_PATH_INVALID", why });
  });

  test("a relative path lies in the runtime's own place, the same one each time", async () => {
    const name = `inro-test-relative-${process.pid}`;
    await using c = await at(name);
    await c.create();
    expect(readFileSync(`${home}/inro/${name}/cgroup.procs`, "utf8")).not.toBe("");
  });

  test.skipIf(unifiedOf(hierarchies) === undefined)(
    "a cgroup is given to a user, its limits are not",
    async () => {
      const path = `/inro-test-owned-${process.pid}`;
      const hierarchy = home ?? "";
      const executor = openExecutor(NATIVE);
      const because = "test";
      const ops: Op[] = [
        { kind: "makeCgroup", out: 0, hierarchy, path, because },
        { kind: "ownCgroup", cgroup: 0, uid: 4321, because },
      ];
      try {
        const records = await executor.batch(ops);
        expect(records.map(({ errno }) => errno)).toEqual([0, 0]);
        const owner = (file: string): number => statSync(`${hierarchy}${path}${file}`).uid;
        expect(["", "/cgroup.procs", "/cgroup.subtree_control", "/cgroup.threads"].map(owner)).toEqual(
          Array(4).fill(4321),
        );
        expect(["/cgroup.max.depth", "/cgroup.max.descendants", "/cgroup.kill"].map(owner)).toEqual([
          0, 0, 0,
        ]);
      } finally {
        await executor.close();
        rmdirSync(`${hierarchy}${path}`);
      }
    },
  );
});
