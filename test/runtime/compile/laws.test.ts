import { expect, test } from "bun:test";
import { violations } from "../../../src/kernel/plan/verify.ts";
import type { RuntimeSpec } from "../../../src/oci/runtime-spec.ts";
import { compileExec } from "../../../src/runtime/compile/exec.ts";
import { candidatesOf } from "../../../src/runtime/compile/program.ts";
import { sysctlPath } from "../../../src/runtime/compile/sysctl.ts";
import { compiled, inputOf, kinds } from "./compiled.ts";
import { process, typical } from "./spec.ts";

const filter = new Uint8Array(8);
const seccomp = { defaultAction: "SCMP_ACT_ALLOW" } as const;
const limitOf = (soft: number, hard: number) => ({ type: "RLIMIT_NOFILE", soft, hard });
const withProcess = (more: object): RuntimeSpec => ({
  ...typical,
  process: { ...process, ...more },
  linux: { ...typical.linux, seccomp },
});

test("without no_new_privs the filter is loaded before privilege goes (order law 4)", () => {
  const order = kinds(compiled("v2", withProcess({}), { filter }), "confine");
  expect(order.indexOf("seccomp")).toBeGreaterThan(-1);
  expect(order.indexOf("seccomp")).toBeLessThan(order.indexOf("boundingSet"));
});

test("with no_new_privs the filter is loaded after the gate (order law 7)", () => {
  const plan = compiled("v2", withProcess({ noNewPrivileges: true }), { filter });
  expect(kinds(plan, "confine")[2]).toBe("noNewPrivileges");
  expect(kinds(plan, "confine")).not.toContain("seccomp");
  expect(kinds(plan, "become")).toEqual(["seccomp", "closeRange", "exec"]);
});

test("the bounding set goes first, then groups, user, capabilities, ambient set (order law 5)", () => {
  const order = kinds(compiled("v2", typical), "confine");
  const law = [
    "boundingSet",
    "keepCapabilities",
    "groups",
    "user",
    "keepCapabilities",
    "capabilities",
    "ambient",
  ];
  expect(order.slice(order.indexOf("boundingSet"), order.indexOf("ambient") + 1)).toEqual(law);
});

test.each(["v1", "hybrid"] as const)(
  "on %s the cgroup namespace comes after the last hierarchy is joined",
  (host) => {
    const build = kinds(compiled(host, typical), "build");
    expect(build.filter((kind) => kind === "joinCgroup").length).toBeGreaterThan(3);
    expect(build.indexOf("unshare")).toBeGreaterThan(build.lastIndexOf("joinCgroup"));
  },
);

test("on v2 the container is born into its cgroup, with its namespace", () => {
  const [clone] = compiled("v2", typical).clone;
  expect(clone).toMatchObject({ kind: "clone", cgroup: 0, flags: 0x6e020000 });
});

test("a capability that the engine lacks is not asked for", () => {
  const facts = { ...inputOf("v2", typical).facts, boundingSet: 1n };
  const plan = compiled("v2", typical, { facts });
  expect(plan.confine.find(({ kind }) => kind === "capabilities")).toMatchObject({
    permitted: 1n,
    effective: 1n,
  });
});

test("a specification's device takes the place of the standard one", () => {
  const devices = [{ path: "/dev/null", type: "c" as const, major: 1, minor: 3, fileMode: 0o600 }];
  const plan = compiled("v2", { ...typical, linux: { ...typical.linux, devices } });
  const nulls = plan.build.filter((op) => op.kind === "makeNode" && op.path === "null");
  expect(nulls).toMatchObject([{ mode: 0o020600, because: "/linux/devices/0" }]);
});

test.each([
  [["sh"], ["/usr/bin/sh", "/bin/sh"]],
  [["/bin/sh"], ["/bin/sh"]],
  [["./run"], ["./run"]],
  [["../run"], ["../run"]],
])("the program %p is looked for at %p", (args, candidates) => {
  expect(candidatesOf({ args, env: ["PATH=/usr/bin:/bin"], cwd: "/work" })).toEqual(candidates);
});

test("an empty element of PATH is the working directory", () => {
  expect(candidatesOf({ args: ["x"], env: ["PATH=:bin"], cwd: "/work" })).toEqual(["/work/x", "/work/bin/x"]);
});

test.each([
  ["net.ipv4.ip_forward", "net/ipv4/ip_forward"],
  ["net/ipv4/conf/eth0.100/forwarding", "net/ipv4/conf/eth0.100/forwarding"],
  ["net.ipv4.conf.eth0/100.forwarding", "net/ipv4/conf/eth0.100/forwarding"],
])("the sysctl %s is the file %s", (name, path) => {
  expect(sysctlPath(name)).toBe(path);
});

test.each(["", "..", "net..x", "net/../../x", "a\0b"])("the sysctl name %p is refused (R24)", (name) => {
  expect(() => sysctlPath(name)).toThrow(expect.objectContaining({ code: "SYSCTL_INVALID" }));
});

test.each([
  ["kernel.msgmax", "ipc"],
  ["fs.mqueue.msg_max", "ipc"],
  ["net.core.somaxconn", "network"],
  ["net/ipv4/conf/eth0.1/forwarding", "network"],
  ["kernel.domainname", "uts"],
])("the sysctl %s needs a %s namespace of the container's", (name, type) => {
  const namespaces = typical.linux?.namespaces ?? [];
  const asking = (without: string): RuntimeSpec => ({
    ...typical,
    hostname: "",
    linux: {
      ...typical.linux,
      sysctl: { [name]: "1" },
      namespaces: namespaces.filter((namespace) => namespace.type !== without),
    },
  });
  expect(compiled("v2", asking("cgroup")).build).toContainEqual(
    expect.objectContaining({ kind: "writeProc", path: `sys/${sysctlPath(name)}` }),
  );
  expect(() => compiled("v2", asking(type))).toThrow(
    expect.objectContaining({ code: "SYSCTL_INVALID", at: expect.stringContaining("/linux/sysctl/") }),
  );
});

test.each(["kernel.hostname", "kernel.panic", "vm.swappiness", "fs.file-max", "net", "kernel/core_pattern"])(
  "the sysctl %s is the host's, and refused (R24, CVE-2022-0811)",
  (name) => {
    const linux = { ...typical.linux, sysctl: { [name]: "1" } };
    expect(() => compiled("v2", { ...typical, linux })).toThrow(
      expect.objectContaining({ code: "SYSCTL_INVALID" }),
    );
  },
);

test.each([
  [[{ type: "pid" }, { type: "mount" }, { type: "pid", path: "/x" }], "/linux/namespaces/2"],
  [[{ type: "mount" }, { type: "files" }], "/linux/namespaces/1/type"],
  [[{ type: "mount" }, { type: "ipc", path: "proc/self/ns/ipc" }], "/linux/namespaces/1/path"],
])("namespaces %o are an error", (list, at) => {
  const wrong = { ...typical, hostname: "", linux: { namespaces: list } } as unknown as RuntimeSpec;
  expect(() => compiled("v2", wrong)).toThrow(expect.objectContaining({ code: "SPEC_INVALID", at }));
});

test.each([
  [{ monotonic: { secs: 1 } }, [], "/linux/timeOffsets"],
  [{ realtime: { secs: 1 } }, [{ type: "time" }], "/linux/timeOffsets/realtime"],
  [{ boottime: { nanosecs: 1_000_000_000 } }, [{ type: "time" }], "/linux/timeOffsets/boottime/nanosecs"],
])("time offsets %o with the namespaces %o are an error", (timeOffsets, more, at) => {
  const namespaces = [...(typical.linux?.namespaces ?? []), ...more];
  const wrong = { ...typical, linux: { ...typical.linux, namespaces, timeOffsets } } as RuntimeSpec;
  expect(() => compiled("v2", wrong)).toThrow(expect.objectContaining({ code: "SPEC_INVALID", at }));
});

test("a name for a host that the container shares is refused", () => {
  const namespaces = typical.linux?.namespaces?.filter(({ type }) => type !== "uts") ?? [];
  for (const [name, at] of [
    [{ hostname: "x" }, "/hostname"],
    [{ hostname: "", domainname: "x" }, "/domainname"],
  ] as const) {
    const wrong = { ...typical, ...name, linux: { ...typical.linux, namespaces } };
    expect(() => compiled("v2", wrong)).toThrow(expect.objectContaining({ code: "SPEC_INVALID", at }));
  }
});

test.each([[{ linux: { ...typical.linux, intelRdt: {} } }, "/linux/intelRdt"]])(
  "a wish that cannot be met is refused and named: %o",
  (more, at) => {
    expect(() => compiled("v2", { ...typical, ...more } as RuntimeSpec)).toThrow(
      expect.objectContaining({ code: "SPEC_UNSUPPORTED", at }),
    );
  },
);

test.each([
  [{ prestart: [{ path: "x" }] }, "/hooks/prestart/0/path"],
  [{ poststop: [{ path: "/x" }, { path: "/x", timeout: 0 }] }, "/hooks/poststop/1/timeout"],
  [{ startContainer: [{ path: "/x", timeout: 1.5 }] }, "/hooks/startContainer/0/timeout"],
])("a hook that cannot be called is refused and named: %j", (hooks, at) => {
  expect(() => compiled("v2", { ...typical, hooks })).toThrow(
    expect.objectContaining({ code: "HOOK_INVALID", at }),
  );
});

test("a hook's environment is its own, its first argument is its path unless it is given", () => {
  const plan = compiled("v2", { ...typical, hooks: { createContainer: [{ path: "/x" }] } });
  expect(plan.build.find(({ kind }) => kind === "hook")).toMatchObject({ argv: ["/x"], env: [] });
});

test("the state that hooks get has its pid put in where JSON wants a number", () => {
  const annotations = { ünïcode: '"pid":1' };
  const plan = compiled("v2", { ...typical, annotations, hooks: { prestart: [{ path: "/x" }] } });
  const hook = plan.map.find((op) => op.kind === "hook");
  if (hook?.kind !== "hook" || hook.pidAt === undefined) throw new Error("there is no hook");
  const bytes = Buffer.from(hook.state);
  const whole = Buffer.concat([bytes.subarray(0, hook.pidAt), Buffer.from("42"), bytes.subarray(hook.pidAt)]);
  expect(JSON.parse(whole.toString())).toEqual({
    ...{ ociVersion: "1.3.0", id: "abc", status: "creating", pid: 42, bundle: "/b", annotations },
  });
});

test.each(["/", "/proc/..", ".."])("nothing is mounted on %p", (destination) => {
  const mounts = [{ destination, type: "tmpfs", source: "tmpfs" }];
  expect(() => compiled("v2", { ...typical, mounts })).toThrow(
    expect.objectContaining({ code: "MOUNT_DESTINATION_INVALID", at: "/mounts/0" }),
  );
});

test.each([
  ["scheduler", { policy: "SCHED_SPORADIC" }, "/process/scheduler/policy"],
  ["scheduler", { policy: "toString" }, "/process/scheduler/policy"],
  ["scheduler", { policy: "SCHED_OTHER", nice: -21 }, "/process/scheduler/nice"],
  ["scheduler", { policy: "SCHED_FIFO", priority: 1, nice: 1 }, "/process/scheduler/nice"],
  ["scheduler", { policy: "SCHED_BATCH", priority: 1 }, "/process/scheduler/priority"],
  ["scheduler", { policy: "SCHED_RR", priority: 1, runtime: 5 }, "/process/scheduler"],
  ["scheduler", { policy: "SCHED_RR", priority: 1, flags: ["x"] }, "/process/scheduler/flags/0"],
  ["ioPriority", { class: "IOPRIO_CLASS_NONE", priority: 0 }, "/process/ioPriority/class"],
  ["ioPriority", { class: "IOPRIO_CLASS_BE", priority: 8 }, "/process/ioPriority/priority"],
])("a %s that the kernel would not take as it is meant is refused: %o", (name, value, at) => {
  const wrong = { ...typical, process: { ...process, [name]: value } } as RuntimeSpec;
  expect(() => compiled("v2", wrong)).toThrow(expect.objectContaining({ code: "SPEC_INVALID", at }));
});

test.each([
  [{ memoryPolicy: { mode: "MPOL_BEST" } }, "/linux/memoryPolicy/mode"],
  [{ memoryPolicy: { mode: "MPOL_BIND", nodes: "x" } }, "/linux/memoryPolicy/nodes"],
  [{ personality: { domain: "BSD" } }, "/linux/personality/domain"],
  [{ personality: { domain: "LINUX", flags: ["ADDR_NO_RANDOMIZE"] } }, "/linux/personality/flags"],
])("a wish for memory or another machine that has no meaning is refused: %o", (linux, at) => {
  const wrong = { ...typical, linux: { ...typical.linux, ...linux } } as RuntimeSpec;
  expect(() => compiled("v2", wrong)).toThrow(expect.objectContaining({ code: "SPEC_INVALID", at }));
});

test.each([
  [[limitOf(1, 2), limitOf(1, 2)], "/process/rlimits/1"],
  [[limitOf(3, 2)], "/process/rlimits/0"],
])("limits that contradict themselves are an error: %o", (rlimits, at) => {
  const wrong = { ...typical, process: { ...process, rlimits } };
  expect(() => compiled("v2", wrong)).toThrow(expect.objectContaining({ code: "RLIMIT_INVALID", at }));
});

test("a limit keeps its 64 bits, and -1 and 2⁶⁴ are no limit", () => {
  const rlimits = [
    { type: "RLIMIT_FSIZE", soft: 9007199254740993n, hard: 2 ** 64 },
    { type: "RLIMIT_CPU", soft: -1, hard: -1 },
  ];
  const { map } = compiled("v2", { ...typical, process: { ...process, rlimits } });
  const unlimited = (1n << 64n) - 1n;
  expect(map.filter(({ kind }) => kind === "rlimit")).toMatchObject([
    { soft: 9007199254740993n, hard: unlimited },
    { soft: unlimited, hard: unlimited },
  ]);
});

test("labels are written through a procfs of our own, for a program that is executed before it joins", () => {
  const labelled = { ...process, apparmorProfile: "cage", selinuxLabel: "a:b:c:d" };
  const writes = (plan: ReturnType<typeof compiled>) =>
    plan.build.flatMap((op) =>
      op.kind === "writeProc" && op.path.includes("attr") ? [[op.path, op.data]] : [],
    );
  const exec = [
    ["self/attr/apparmor/exec", "exec cage"],
    ["self/attr/exec", "a:b:c:d"],
  ];
  expect(writes(compiled("v2", { ...typical, process: labelled }))).toEqual([
    ["self/attr/keycreate", "a:b:c:d"],
    ["self/attr/keycreate", ""],
    ...exec,
  ]);
  const { facts } = inputOf("v2", typical);
  const plan = compileExec({
    ...{ process: labelled, spec: typical, pid: 4711, facts, filter: undefined, setgroups: "allowed" },
    ...{ cgroups: [], keeper: { kind: "monitor", openStdin: false }, container: { id: "abc", bundle: "/b" } },
  });
  expect(writes(plan)).toEqual(exec);
  expect(violations(plan)).toEqual([]);
  const order = kinds(plan, "build");
  expect(order.lastIndexOf("writeProc")).toBeLessThan(order.indexOf("joinNamespace"));
});

test("the root of a container without a mount namespace of its own is opened before it is proven whose its pid is", () => {
  const spec = { ...typical, mounts: [], linux: { namespaces: [{ type: "pid" } as const] } };
  const { facts } = inputOf("v2", spec);
  const plan = compileExec({
    ...{ process, spec, pid: 4711, facts, filter: undefined, setgroups: "allowed", cgroups: [] },
    ...{ keeper: { kind: "caller", startTime: 7n, descriptors: 0 }, container: { id: "abc", bundle: "/b" } },
  });
  const folder = plan.host.findIndex((op) => op.kind === "openPath" && op.path === "/proc/4711/root");
  expect(folder).toBeGreaterThan(-1);
  expect(kinds(plan, "host").lastIndexOf("openProcess")).toBeGreaterThan(folder);
  expect(kinds(plan, "build")).toContain("chroot");
  expect(violations(plan)).toEqual([]);
});

test.each([
  ["data", "data"],
  ["../x", "x"],
  ["/a/./b/../c/", "a/c"],
])("the destination %p is %p beneath the root", (destination, path) => {
  const mounts = [{ destination, type: "tmpfs", source: "tmpfs" }];
  const attached = compiled("v2", { ...typical, mounts }).build.filter((op) => op.kind === "attach");
  expect(attached.at(-1)).toMatchObject({ path });
});

test.each([
  [{ source: "/x" }, "it names no file system"],
  [{ type: "none", source: "/x" }, "it names no file system"],
  [{ type: "bind", source: "/x", options: ["tmpcopyup"] }, "only a tmpfs"],
])("the mount %p is refused: %s", (mount, why) => {
  const mounts = [{ destination: "/data", ...mount }];
  expect(() => compiled("v2", { ...typical, mounts })).toThrow(
    expect.objectContaining({
      code: "MOUNT_INVALID",
      at: "/mounts/0",
      message: expect.stringContaining(why),
    }),
  );
});

test("mounts stand in the plan in the specification's order, those behind the cgroups too", () => {
  const mounts = [
    { destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup" },
    { destination: "/sys", type: "tmpfs", source: "tmpfs" },
  ];
  const paths = compiled("v2", { ...typical, mounts }).build.flatMap((op) =>
    op.kind === "attach" ? [op.path] : [],
  );
  expect(paths).toEqual(["dev", "sys/fs/cgroup", "sys"]);
});

test("in a user namespace what is shared is a slave of the host's first", () => {
  const mounts = [{ destination: "/data", type: "bind", source: "/x", options: ["rbind", "rshared"] }];
  const sources = new Map([[0, { slot: 0, directory: true }]]);
  const namespaces = [{ type: "mount" as const }, { type: "user" as const }];
  const maps = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
  const linux = { ...typical.linux, sysctl: {}, namespaces, uidMappings: maps, gidMappings: maps };
  const spec = { ...typical, hostname: "", mounts, linux };
  const set = compiled("v2", spec, { sources, firstSlot: 1 }).build.filter((op) => op.kind === "setTree");
  expect(set).toMatchObject([
    { propagation: 1 << 19, recursive: true },
    { propagation: 1 << 20, recursive: true },
  ]);
});

test.each([
  [{}, "/mounts"],
  [{ mounts: [] }, "/linux/maskedPaths"],
  [{ mounts: [], linux: { readonlyPaths: ["/proc/sys"] } }, "/linux/readonlyPaths"],
  [{ mounts: [], linux: {}, root: { path: "/x", readonly: true } }, "/root/readonly"],
  [{ mounts: [], linux: { rootfsPropagation: "shared" } }, "/linux/rootfsPropagation"],
])("in a mount namespace that it shares a container cannot have %o", (more, at) => {
  const rootfs = { kind: "folder", path: "/bundle/rootfs" } as const;
  for (const shared of [[], [{ type: "mount", path: "/run/mounts" }]]) {
    const spec = { ...typical, hostname: "", ...more } as RuntimeSpec;
    const linux = { ...(spec.linux ?? {}), sysctl: {}, namespaces: [{ type: "pid" }, ...shared] };
    expect(() => compiled("v2", { ...spec, linux } as RuntimeSpec, { rootfs })).toThrow(
      expect.objectContaining({ code: "SPEC_INVALID", at }),
    );
  }
});

test("a new file system gets the label of linux.mountLabel where it takes one", () => {
  const mountLabel = "system_u:object_r:container_file_t:s0:c715,c811";
  const { build } = compiled("v2", { ...typical, linux: { ...typical.linux, mountLabel } });
  const labelled = build.filter(
    (op) => op.kind === "fsMount" && op.options.includes(`context=${mountLabel}`),
  );
  expect(labelled.map((op) => op.kind === "fsMount" && op.fstype)).toEqual([
    "tmpfs",
    "devpts",
    "mqueue",
    "tmpfs",
  ]);
});
