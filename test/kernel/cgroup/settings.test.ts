import { expect, test } from "bun:test";
import { weightOfShares } from "../../../src/kernel/cgroup/cpu.ts";
import { settingsOf } from "../../../src/kernel/cgroup/settings.ts";
import type { SpecResources } from "../../../src/oci/runtime-spec.ts";
import { recordedHost } from "./hosts.ts";

const MIB = 1024 * 1024;
const written = (host: "hybrid" | "v1" | "v2", resources: SpecResources): string[] =>
  settingsOf(resources, recordedHost(host)).map(
    ({ hierarchy, file, value }) => `${hierarchy.mount}/${file} = ${value}`,
  );

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
    "/sys/fs/cgroup/memory.max = 67108864",
    "/sys/fs/cgroup/memory.low = 33554432",
    "/sys/fs/cgroup/memory.swap.max = 33554432",
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
    "/sys/fs/cgroup/memory.max = max",
    "/sys/fs/cgroup/memory.swap.max = max",
    "/sys/fs/cgroup/pids.max = max",
  ]);
  expect(written("v2", { pids: { limit: 0 } })).toEqual(["/sys/fs/cgroup/pids.max = 0"]);
});

test("on a hybrid host a controller of the unified hierarchy is written there", () => {
  expect(written("hybrid", { hugepageLimits: [{ pageSize: "2MB", limit: 4 * MIB }] })).toEqual([
    "/sys/fs/cgroup/unified/hugetlb.2MB.max = 4194304",
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

test("cpu shares meet cpu weights at both ends and at the default", () => {
  expect([2, 1024, 262_144].map(weightOfShares)).toEqual([1, 100, 10_000]);
});

test.each([
  [
    "v1",
    { rdma: { mlx5: { hcaHandles: 1 } } },
    'cannot set rdma.max to mlx5 hca_handle=1: this host has no "rdma" controller',
  ],
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
