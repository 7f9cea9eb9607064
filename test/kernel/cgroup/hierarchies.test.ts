import { expect, test } from "bun:test";
import { locate, parseHierarchies } from "../../../src/kernel/cgroup/hierarchies.ts";
import { recordedHost } from "./hosts.ts";

test("a hybrid host has its controllers on v1 and some on the unified hierarchy, each hierarchy once", () => {
  const hybrid = recordedHost("hybrid");
  expect(hybrid.mode).toBe("hybrid");
  expect(hybrid.list.map(({ version, mount }) => [version, mount])).toEqual([
    [2, "/sys/fs/cgroup/unified"],
    [1, "/sys/fs/cgroup/cpu"],
    [1, "/sys/fs/cgroup/cpuacct"],
    [1, "/sys/fs/cgroup/cpuset"],
    [1, "/sys/fs/cgroup/memory"],
    [1, "/sys/fs/cgroup/devices"],
    [1, "/sys/fs/cgroup/freezer"],
    [1, "/sys/fs/cgroup/blkio"],
    [1, "/sys/fs/cgroup/pids"],
    [1, "/sys/fs/cgroup/systemd"],
  ]);
  expect(locate(hybrid, "memory")?.mount).toBe("/sys/fs/cgroup/memory");
  expect(locate(hybrid, "hugetlb")?.version).toBe(2);
  expect(locate(hybrid, "net_cls")).toBeUndefined();
});

test("a v1 host may mount two controllers as one hierarchy, and a named one without any", () => {
  const v1 = recordedHost("v1");
  expect(v1.mode).toBe("v1");
  expect(locate(v1, "cpuacct")).toBe(locate(v1, "cpu") as NonNullable<ReturnType<typeof locate>>);
  expect(v1.list.find(({ name }) => name === "systemd")?.controllers).toEqual([]);
});

test("a v2 host has everything in one place, with io under the name that v1 gave it", () => {
  const v2 = recordedHost("v2");
  expect(v2.mode).toBe("v2");
  expect(v2.list).toHaveLength(1);
  expect(locate(v2, "blkio")?.mount).toBe("/sys/fs/cgroup");
});

test("a unified hierarchy that something is mounted over is not there", () => {
  const covered = parseHierarchies(
    "41 35 0:30 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n42 35 0:31 / /sys/fs/cgroup/pids rw - cgroup pids rw,pids",
    "#subsys_name\thierarchy\tnum_cgroups\tenabled\npids\t8\t1\t1\n",
    () => undefined,
  );
  expect(covered).toEqual({
    mode: "v1",
    list: [{ version: 1, mount: "/sys/fs/cgroup/pids", controllers: ["pids"] }],
  });
});
