import { expect } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Patch } from "../suite/bundle.ts";
import { cgroupOf, has, onV2 } from "../suite/cgroups.ts";
import { binds, must, section, should } from "../suite/requirement.ts";
import type { World } from "../suite/world.ts";

const resources = (wanted: Patch): Patch => ({ linux: { resources: wanted } });

/** What stands in a file of the container's cgroup, by its name on v1 or v2. */
async function setting(c: World, wanted: Patch, controller: string, v1: string, v2: string): Promise<string> {
  const one = await c.created(resources(wanted));
  const folder = cgroupOf(await one.pid(), controller);
  const path = [v1, v2].map((name) => join(folder, name)).find((name) => existsSync(name));
  return path === undefined ? "no such file" : readFileSync(path, "utf8").trim();
}

/** A whole disk of this host; a limit in our own cgroup does nothing to it. */
function disk(): { major: number; minor: number } {
  const names = readdirSync("/sys/block").filter((name) => !/^(loop|ram|sr|fd)/.test(name));
  const [major = 0, minor = 0] = readFileSync(`/sys/block/${names[0]}/dev`, "utf8")
    .trim()
    .split(":")
    .map(Number);
  return { major, minor };
}

const throttle = (change: Patch): Patch => ({
  blockIO: { throttleReadBpsDevice: [{ ...disk(), rate: 1_048_576, ...change }] },
});
const iops = (change: Patch): Patch => ({
  blockIO: { throttleWriteIOPSDevice: [{ ...disk(), rate: 100, ...change }] },
});
const AUTHOR = "who writes config.json";
const NUMBERS = "**`major, minor`** *(int64, REQUIRED)* - major, minor numbers for device.";

/** config-linux.md: Memory to Unified */
export const linuxResources = [
  section("linux.memory", "Memory", {
    1: must("**`limit`** *(int64, OPTIONAL)* - sets limit of memory usage", async (c) => {
      const limit = 67_108_864;
      expect(await setting(c, { memory: { limit } }, "memory", "memory.limit_in_bytes", "memory.max")).toBe(
        String(limit),
      );
    }),
    2: must("**`reservation`** *(int64, OPTIONAL)* - sets soft limit of memory usage", async (c) => {
      const memory = { limit: 67_108_864, reservation: 33_554_432 };
      expect(await setting(c, { memory }, "memory", "memory.soft_limit_in_bytes", "memory.low")).toBe(
        "33554432",
      );
    }),
    3: must("Values for memory specify the limit in bytes, or `-1` for unlimited memory.", async (c) => {
      const said = await setting(
        c,
        { memory: { limit: -1 } },
        "memory",
        "memory.limit_in_bytes",
        "memory.max",
      );
      expect(said).toMatch(/^(max|9223372036854771712)$/);
    }),
    4: binds(AUTHOR, "**`kernel`** *(int64, OPTIONAL, NOT RECOMMENDED)* - sets hard limit for kernel memory"),
    5: binds(
      AUTHOR,
      "**`kernelTCP`** *(int64, OPTIONAL, NOT RECOMMENDED)* - sets hard limit for kernel TCP buffer memory",
    ),
    6: must(
      "If enabled (`true`), runtime MAY check if a new memory limit is lower than the current usage, and MUST reject the new limit.",
      async (c) => {
        const script =
          "dd if=/dev/zero of=/dev/shm/file bs=1M count=6 2>/dev/null; echo full >/said; exec sleep 1000";
        const one = await c.running(resources({ memory: { limit: 67_108_864 } }), {
          process: { args: ["sh", "-c", script] },
        });
        await one.said("said");
        const wanted = join(c.room, "wanted.json");
        await Bun.write(wanted, JSON.stringify({ memory: { limit: 4_194_304, checkBeforeUpdate: true } }));
        expect(await c.runtime("update", "--resources", wanted, one.id)).toMatchObject({ code: 1 });
        expect((await one.state())?.status).toBe("running");
        const folder = cgroupOf(await one.pid(), "memory");
        const file = ["memory.limit_in_bytes", "memory.max"]
          .map((name) => join(folder, name))
          .find((name) => existsSync(name));
        expect(readFileSync(file ?? "", "utf8")).toBe("67108864\n");
      },
    ),
  }),
  section("linux.cpu", "CPU", {
    1: must(
      "If specified with any (valid) positive value, it MUST be no smaller than `burst` (runtimes MAY generate an error).",
      async (c) => {
        expect(
          await c.refused(resources({ cpu: { quota: 10_000, period: 100_000, burst: 20_000 } })),
        ).toMatch(/burst|cpu/);
      },
    ),
    2: must(
      "If specified, this value MUST be no larger than any positive `quota` (runtimes MAY generate an error).",
      async (c) => {
        const cpu = { quota: 50_000, period: 100_000, burst: 20_000 };
        expect(await setting(c, { cpu }, "cpu", "cpu.cfs_burst_us", "cpu.max.burst")).toBe("20000");
      },
    ),
    3: should(
      "**`period`** *(uint64, OPTIONAL)* - specifies a period of time in microseconds for how regularly a cgroup's access to CPU resources should be reallocated (CFS scheduler only)",
      async (c) => {
        const cpu = { quota: 50_000, period: 200_000 };
        expect(await setting(c, { cpu }, "cpu", "cpu.cfs_period_us", "cpu.max")).toMatch(/^(50000 )?200000$/);
      },
    ),
    4: must(
      "**`shares`** *(uint64, OPTIONAL)* - specifies a relative share of CPU time available to the tasks in a cgroup",
      async (c) => {
        // On v2 a weight of 1 to 10000 stands for shares of 2 to 262144.
        expect(await setting(c, { cpu: { shares: 512 } }, "cpu", "cpu.shares", "cpu.weight")).toMatch(
          /^(512|20|59)$/,
        );
      },
    ),
    5: must("**`cpus`** *(string, OPTIONAL)* - list of CPUs the container will run on.", async (c) => {
      const said = await c.inside(
        "grep Cpus_allowed_list /proc/self/status",
        resources({ cpu: { cpus: "0" } }),
      );
      expect(said).toBe("Cpus_allowed_list:\t0\n");
    }),
  }),
  section("linux.block-io", "Block IO", {
    1: must(NUMBERS, async (c) => {
      for (const change of [{ major: undefined }, { minor: undefined }, { major: -1 }, { minor: "0" }])
        expect(
          await c.refused(resources({ blockIO: { weightDevice: [{ ...disk(), weight: 500, ...change }] } })),
        ).toContain("blockIO");
    }),
    2: must(
      "You MUST specify at least one of `weight` or `leafWeight` in a given entry, and MAY specify both.",
      async (c) => {
        expect(await c.refused(resources({ blockIO: { weightDevice: [{ ...disk() }] } }))).toMatch(/weight/);
      },
    ),
    3: must(
      "**`rate`** *(uint64, REQUIRED)* - bandwidth rate limit in bytes per second for the device",
      async (c) => {
        const { major, minor } = disk();
        const said = await setting(c, throttle({}), "blkio", "blkio.throttle.read_bps_device", "io.max");
        expect(said).toMatch(new RegExp(`^${major}:${minor} (1048576|rbps=1048576 .*)$`));
        for (const rate of [undefined, -1, "1"])
          expect(await c.refused(resources(throttle({ rate })))).toContain("blockIO");
      },
    ),
    4: must("**`rate`** *(uint64, REQUIRED)* - IO rate limit for the device", async (c) => {
      const { major, minor } = disk();
      const said = await setting(c, iops({}), "blkio", "blkio.throttle.write_iops_device", "io.max");
      expect(said).toMatch(new RegExp(`^${major}:${minor} (100|.*wiops=100)$`));
      for (const rate of [undefined, -1, "1"])
        expect(await c.refused(resources(iops({ rate })))).toContain("blockIO");
    }),
  }),
  section("linux.hugepages", "Huge page limits", {
    1: should(
      "Otherwise if not supported by the kernel, this should fallback to the page fault accounting, which allows users to limit the HugeTLB usage (page fault) per control group and enforces the limit during page fault.",
      async (c) => {
        const wanted = { hugepageLimits: [{ pageSize: "2MB", limit: 4_194_304 }] };
        const usage = await setting(c, wanted, "hugetlb", "hugetlb.2MB.limit_in_bytes", "hugetlb.2MB.max");
        const reserved = await setting(
          c,
          wanted,
          "hugetlb",
          "hugetlb.2MB.rsvd.limit_in_bytes",
          "hugetlb.2MB.rsvd.max",
        );
        // Reservation accounting where the kernel has it, which it has since 5.7.
        expect([usage, reserved]).toContain("4194304");
      },
      { needs: has("hugetlb") },
    ),
    2: must("**`pageSize`** *(string, REQUIRED)* - hugepage size.", async (c) => {
      for (const pageSize of [undefined, "", 2097152])
        expect(await c.refused(resources({ hugepageLimits: [{ pageSize, limit: 0 }] }))).toMatch(/huge/i);
    }),
    3: must(
      "The value has the format `<size><unit-prefix>B` (64KB, 2MB, 1GB), and must match the `<hugepagesize>` of the corresponding control file found in `/sys/fs/cgroup/hugetlb/hugetlb.<hugepagesize>.rsvd.limit_in_bytes` (if hugetlb_cgroup reservation is supported) or `/sys/fs/cgroup/hugetlb/hugetlb.<hugepagesize>.limit_in_bytes` (if not supported).",
      async (c) => {
        for (const pageSize of ["2M", "2 MB", "2mb", "3MB", "../2MB"])
          expect(await c.refused(resources({ hugepageLimits: [{ pageSize, limit: 0 }] }))).toMatch(
            /huge|cgroup value/i,
          );
      },
    ),
    4: must(
      "**`limit`** *(uint64, REQUIRED)* - limit in bytes of *hugepagesize* HugeTLB reservations (if supported) or usage.",
      async (c) => {
        for (const limit of [undefined, -1, "0"])
          expect(await c.refused(resources({ hugepageLimits: [{ pageSize: "2MB", limit }] }))).toMatch(
            /huge/i,
          );
      },
    ),
  }),
  section("linux.network", "Network", {
    1: must("**`name`** *(string, REQUIRED)* - interface name in runtime network namespace", async (c) => {
      expect(await c.refused(resources({ network: { priorities: [{ priority: 1 }] } }))).toMatch(
        /network|net_prio/,
      );
    }),
    2: must("**`priority`** *(uint32, REQUIRED)* - priority applied to the interface", async (c) => {
      expect(await c.refused(resources({ network: { priorities: [{ name: "lo" }] } }))).toMatch(
        /network|net_prio/,
      );
    }),
  }),
  section("linux.pids", "PIDs", {
    1: should(
      "Even though it may superficially seem redundant, `0` is a valid limit value for the `pids` cgroup controller from the kernel's perspective and SHOULD be treated as such by runtimes.",
      async (c) => {
        expect(await setting(c, { pids: { limit: 0 } }, "pids", "pids.max", "pids.max")).toBe("0");
      },
    ),
    2: must(
      "**`limit`** *(int64, OPTIONAL)* - specifies the maximum number of tasks in the cgroup, with `-1` indicating no limit (`max`).",
      async (c) => {
        expect(await setting(c, { pids: { limit: -1 } }, "pids", "pids.max", "pids.max")).toBe("max");
        expect(await setting(c, { pids: { limit: 12 } }, "pids", "pids.max", "pids.max")).toBe("12");
      },
    ),
  }),
  section("linux.rdma", "RDMA", {
    1: must(
      "You MUST specify at least one of the `hcaHandles` or `hcaObjects` in a given entry, and MAY specify both.",
      async (c) => {
        expect(await c.refused(resources({ rdma: { mlx5_0: {} } }))).toContain("rdma");
      },
    ),
  }),
  section("linux.unified", "Unified", {
    1: must(
      "The OCI runtime MUST ensure that the needed cgroup controllers are enabled for the cgroup.",
      async (c) => {
        expect(await setting(c, { unified: { "pids.max": "33" } }, "", "pids.max", "pids.max")).toBe("33");
      },
      { needs: onV2 },
    ),
    2: must("Configuration unknown to the runtime MUST still be written to the relevant file.", async (c) => {
      expect(
        await setting(
          c,
          { unified: { "cgroup.max.depth": "7" } },
          "",
          "cgroup.max.depth",
          "cgroup.max.depth",
        ),
      ).toBe("7");
    }),
    3: must(
      "The runtime MUST generate an error when the configuration refers to a cgroup controller that is not present or that cannot be enabled.",
      async (c) => {
        for (const name of ["nosuch.max", "memory.nosuch", "../cgroup.procs"])
          expect(await c.refused(resources({ unified: { [name]: "1" } }))).toContain(name);
      },
    ),
    4: must(
      "If the conversion is not possible the runtime MUST generate an error.",
      async (c) => {
        for (const wanted of [
          { network: { classID: 5 } },
          { blockIO: { leafWeight: 500 } },
          { cpu: { realtimeRuntime: 1000 } },
        ])
          expect(await c.refused(resources(wanted))).toMatch(/network|net_cls|leaf|real/i);
      },
      { needs: onV2 },
    ),
  }),
];
