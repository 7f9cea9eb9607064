import { expect, test } from "bun:test";
import { ioWeight } from "../../../src/kernel/cgroup/block-io.ts";
import { weightOfShares } from "../../../src/kernel/cgroup/cpu.ts";
import { settingsOf } from "../../../src/kernel/cgroup/settings.ts";
import type { SpecResources } from "../../../src/oci/runtime-spec.ts";
import { recordedHost } from "./hosts.ts";

const MIB = 1024 * 1024;
const written = (host: "hybrid" | "v1" | "v2", resources: SpecResources): string[] =>
  settingsOf(resources, recordedHost(host).list).map(({ home, file, value, otherwise }) => {
    const first = `${home.mount}/${file} = ${value}`;
    return otherwise === undefined ? first : `${first} or ${otherwise.file} = ${otherwise.value}`;
  });

test("limits go where each version of the hierarchy wants them", () => {
  const resources: SpecResources = {
    memory: { limit: 64 * MIB, swap: 96 * MIB, reservation: 32 * MIB },
    cpu: { shares: 512, quota: 50_000, period: 100_000, cpus: "0-1" },
    pids: { limit: 100 },
  };
  expect(written("hybrid", resources)).toEqual([
    "/sys/fs/cgroup/memory/memory.limit_in_bytes = 67108864",
    "/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes = 100663296",
    "/sys/fs/cgroup/memory/memory.soft_limit_in_bytes = 33554432",
    "/sys/fs/cgroup/cpu/cpu.shares = 512",
    "/sys/fs/cgroup/cpu/cpu.cfs_period_us = 100000",
    "/sys/fs/cgroup/cpu/cpu.cfs_quota_us = 50000",
    "/sys/fs/cgroup/cpuset/cpuset.cpus = 0-1",
    "/sys/fs/cgroup/pids/pids.max = 100",
  ]);
  expect(written("v2", resources)).toEqual([
    "/sys/fs/cgroup/memory.swap.max = 33554432",
    "/sys/fs/cgroup/memory.max = 67108864",
    "/sys/fs/cgroup/memory.low = 33554432",
    "/sys/fs/cgroup/cpu.weight = 59",
    "/sys/fs/cgroup/cpu.max = 50000 100000",
    "/sys/fs/cgroup/cpuset.cpus = 0-1",
    "/sys/fs/cgroup/pids.max = 100",
  ]);
});

test("no limit is written as each version writes it; zero processes is a limit", () => {
  const none: SpecResources = { memory: { limit: -1, swap: -1 }, pids: { limit: -1 } };
  expect(written("v1", none)).toEqual([
    "/sys/fs/cgroup/memory/memory.limit_in_bytes = -1",
    "/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes = -1",
    "/sys/fs/cgroup/pids/pids.max = max",
  ]);
  expect(written("v2", none)).toEqual([
    "/sys/fs/cgroup/memory.swap.max = max",
    "/sys/fs/cgroup/memory.max = max",
    "/sys/fs/cgroup/pids.max = max",
  ]);
  expect(written("v2", { pids: { limit: 0 } })).toEqual(["/sys/fs/cgroup/pids.max = 0"]);
});

test("on a hybrid host a controller of the unified hierarchy is written there", () => {
  expect(written("hybrid", { hugepageLimits: [{ pageSize: "2MB", limit: 4 * MIB }] })).toEqual([
    "/sys/fs/cgroup/unified/hugetlb.2MB.rsvd.max = 4194304 or hugetlb.2MB.max = 4194304",
  ]);
});

test("throttles keep their devices and rates", () => {
  const resources: SpecResources = {
    blockIO: {
      throttleReadBpsDevice: [{ major: 8, minor: 0, rate: MIB }],
      throttleWriteIOPSDevice: [{ major: 8, minor: 16, rate: 0 }],
    },
  };
  expect(written("hybrid", resources)).toEqual([
    "/sys/fs/cgroup/blkio/blkio.throttle.read_bps_device = 8:0 1048576",
    "/sys/fs/cgroup/blkio/blkio.throttle.write_iops_device = 8:16 0",
  ]);
  expect(written("v2", resources)).toEqual([
    "/sys/fs/cgroup/io.max = 8:0 rbps=1048576",
    "/sys/fs/cgroup/io.max = 8:16 wiops=max",
  ]);
});

test("a limit of memory taken off takes that of memory and swap with it", () => {
  expect(written("v1", { memory: { limit: -1 } })).toEqual([
    "/sys/fs/cgroup/memory/memory.limit_in_bytes = -1",
    "/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes = -1",
  ]);
  expect(written("v2", { memory: { limit: -1 } })).toEqual([
    "/sys/fs/cgroup/memory.swap.max = max",
    "/sys/fs/cgroup/memory.max = max",
  ]);
});

test("everything else that the memory controller of v1 has", () => {
  const memory = {
    kernel: MIB,
    kernelTCP: 2 * MIB,
    swappiness: 0,
    disableOOMKiller: true,
    useHierarchy: true,
  };
  expect(written("v1", { memory })).toEqual([
    "/sys/fs/cgroup/memory/memory.kmem.limit_in_bytes = 1048576",
    "/sys/fs/cgroup/memory/memory.kmem.tcp.limit_in_bytes = 2097152",
    "/sys/fs/cgroup/memory/memory.swappiness = 0",
    "/sys/fs/cgroup/memory/memory.oom_control = 1",
  ]);
});

test("weights of block devices: BFQ's, or io.weight on its own scale", () => {
  const blockIO = { weight: 500, weightDevice: [{ major: 8, minor: 0, weight: 10 }] };
  expect(written("hybrid", { blockIO })).toEqual([
    "/sys/fs/cgroup/blkio/blkio.bfq.weight = 500",
    "/sys/fs/cgroup/blkio/blkio.bfq.weight_device = 8:0 10",
  ]);
  expect(written("v2", { blockIO })).toEqual([
    "/sys/fs/cgroup/io.bfq.weight = default 500 or io.weight = default 4950",
    "/sys/fs/cgroup/io.bfq.weight = 8:0 10 or io.weight = 8:0 1",
  ]);
  expect([10, 100, 1000].map(ioWeight)).toEqual([1, 910, 10_000]);
});

test("burst, idle and realtime scheduling", () => {
  const cpu = { quota: 50_000, burst: 20_000, idle: 1 };
  expect(written("v2", { cpu })).toEqual([
    "/sys/fs/cgroup/cpu.max = 50000",
    "/sys/fs/cgroup/cpu.max.burst = 20000",
    "/sys/fs/cgroup/cpu.idle = 1",
  ]);
  expect(written("v1", { cpu: { ...cpu, realtimePeriod: 1_000_000, realtimeRuntime: 1000 } })).toEqual([
    "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us = 50000",
    "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_burst_us = 20000",
    "/sys/fs/cgroup/cpu,cpuacct/cpu.rt_period_us = 1000000",
    "/sys/fs/cgroup/cpu,cpuacct/cpu.rt_runtime_us = 1000",
    "/sys/fs/cgroup/cpu,cpuacct/cpu.idle = 1",
  ]);
});

test("network classes and priorities, RDMA, and the unified hierarchy's own files, one line at a time", () => {
  const network = { classID: 0x100001, priorities: [{ name: "eth0", priority: 500 }] };
  const home = { version: 1, controllers: ["net_cls", "net_prio"] } as const;
  expect(settingsOf({ network }, [home]).map(({ file, value }) => `${file} = ${value}`)).toEqual([
    "net_cls.classid = 1048577",
    "net_prio.ifpriomap = eth0 500",
  ]);
  expect(
    written("v2", {
      rdma: { mlx5: { hcaHandles: 3, hcaObjects: 10_000 } },
      unified: { "io.max": "259:0 rbps=2097152\n253:0 rbps=1", "memory.high": "1M", "cgroup.max.depth": "3" },
    }),
  ).toEqual([
    "/sys/fs/cgroup/rdma.max = mlx5 hca_handle=3 hca_object=10000",
    "/sys/fs/cgroup/io.max = 259:0 rbps=2097152",
    "/sys/fs/cgroup/io.max = 253:0 rbps=1",
    "/sys/fs/cgroup/memory.high = 1M",
    "/sys/fs/cgroup/cgroup.max.depth = 3",
  ]);
});

test("the greatest numbers that other programs say for no limit are numbers for the kernel", () => {
  const hugepageLimits = [{ pageSize: "2MB", limit: 2 ** 64 }];
  expect(written("hybrid", { hugepageLimits })[0]).toContain("= 18446744073709551615 or");
  expect(written("v1", { memory: { limit: 2 ** 63 - 2 ** 12 } })).toEqual([
    "/sys/fs/cgroup/memory/memory.limit_in_bytes = 9223372036854771712",
  ]);
});

test("cpu shares meet cpu weights at both ends and at the default", () => {
  expect([2, 1024, 262_144].map(weightOfShares)).toEqual([1, 100, 10_000]);
});

test.each([
  [
    "hybrid",
    { rdma: { mlx5: { hcaHandles: 1 } } },
    'cannot set rdma.max to mlx5 hca_handle=1: there is no "rdma" controller here',
  ],
  [
    "hybrid",
    { network: { classID: 1 } },
    'cannot set net_cls.classid to 1: there is no "net_cls" controller',
  ],
  ["v2", { network: { classID: 1 } }, "cannot set the class of network packets: cgroup v2 has no such limit"],
  ["v2", { network: { priorities: [{ name: "eth0", priority: 1 }] } }, "cannot set priorities of interfaces"],
  ["v2", { memory: { limit: -5 } }, "cannot limit anything to -5: it is below zero (-1 is no limit)"],
  ["v2", { memory: { swap: -2 } }, "cannot limit anything to -2"],
  ["v1", { pids: { limit: -7 } }, "cannot limit anything to -7"],
  ["v2", { memory: { swappiness: 10 } }, "cannot set the swappiness of a container"],
  ["v2", { memory: { disableOOMKiller: true } }, "cannot set the OOM killer aside"],
  ["v2", { memory: { kernel: MIB } }, "cannot set a limit of the kernel's memory"],
  ["v2", { memory: { kernelTCP: MIB } }, "cannot set a limit of the memory of TCP buffers"],
  ["v2", { cpu: { realtimeRuntime: 1 } }, "cannot set a limit of realtime scheduling"],
  ["v2", { blockIO: { leafWeight: 10 } }, "cannot set a weight among a cgroup's own children"],
  ["v1", { memory: { useHierarchy: false } }, "cannot switch hierarchical accounting off"],
  ["v1", { unified: { "memory.high": "1" } }, 'has no "memory" controller'],
  ["v2", { unified: { "cgroup.procs": "1" } }, 'cannot set the cgroup value "cgroup.procs"'],
  ["v2", { unified: { "nothing.max": "1" } }, 'has no "nothing" controller'],
  ["v2", { memory: { swap: MIB } }, "there is no memory limit"],
  ["v1", { cpu: { quota: 100 } }, "cannot set a quota of 100 µs: the least is 1000 µs"],
  ["v2", { cpu: { period: 2_000_000 } }, "cannot set a period of 2000000 µs"],
  ["v2", { cpu: { quota: 5000, burst: 6000 } }, "it is above the quota of 5000 µs"],
  [
    "hybrid",
    { unified: { "memory.high": "1" } },
    'the unified hierarchy of this host has no "memory" controller',
  ],
  ["v2", { unified: { "../cgroup.procs": "1" } }, 'cannot set the cgroup value "../cgroup.procs"'],
  ["v2", { hugepageLimits: [{ pageSize: "../x", limit: 1 }] }, 'cannot set the cgroup value "../x"'],
  ["v2", { memory: { limit: 10 * MIB, swap: 5 * MIB } }, "that is below the memory limit of 10485760 bytes"],
] as const)("what a %s host cannot do is refused: %o", (host, resources, message) => {
  expect(() => written(host, resources as SpecResources)).toThrow(message);
});
