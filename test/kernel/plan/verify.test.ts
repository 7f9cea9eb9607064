import { expect, test } from "bun:test";
import type { Op } from "../../../src/kernel/plan/operations.ts";
import type { Plan } from "../../../src/kernel/plan/plan.ts";
import { laws, verify, violations } from "../../../src/kernel/plan/verify.ts";
import { nativeArchitecture } from "../../../src/kernel/seccomp/architecture.ts";
import {
  encodeProgram,
  instruction,
  JUMP_EQUAL,
  LOAD,
  RETURN_CODE,
} from "../../../src/kernel/seccomp/bpf.ts";
import { type CallNumbers, callNumbers } from "../../../src/kernel/seccomp/numbers.ts";
import { allowAll, altered, before, behind, changed, good, moved, without } from "./good.ts";

const USER = 0x10000000;
const CGROUP = 0x02000000;
const MOUNT = 0x00020000;

/** A filter that answers `action` to one system call and allows the rest. */
function against(name: keyof CallNumbers["x86_64"], action: number): Uint8Array {
  return encodeProgram([
    instruction(LOAD, 0),
    instruction(JUMP_EQUAL, callNumbers()[nativeArchitecture()][name as "read"], 0, 1),
    instruction(RETURN_CODE, action),
    instruction(RETURN_CODE, 0x7fff0000),
  ]);
}

const ERRNO = 0x00050001;
const NOTIFY = 0x7fc00000;

test("a good plan obeys every law", () => {
  expect(violations(good)).toEqual([]);
  expect(() => verify(good)).not.toThrow();
});

test("a plan that breaks a law is refused with the operation, the reason and the law", () => {
  expect(() => verify(without("become", "closeRange"))).toThrow(
    'the plan for this container breaks a law and is not executed: default 2: exec (execute /bin/sh -c "echo hello"): act become has no closeRange [no descriptor but the program\'s own is left at exec (R13)]',
  );
});

const fullUser: Plan = {
  ...good,
  clone: altered("clone", "clone", { flags: USER | MOUNT }).clone,
  map: [
    { kind: "rlimit", resource: 7, soft: 1n, hard: 1n, because: "x" },
    { kind: "mapIds", uidMap: "0 1 1", gidMap: "0 1 1", denySetgroups: true, because: "x" },
    { kind: "release", point: 1, because: "x" },
    ...good.map,
  ].filter((op, i) => op.kind !== "rlimit" || i === 0) as Plan["map"],
  build: [{ kind: "await", point: 1, because: "x" }, ...good.build],
};

test("a plan that passes descriptors closes from behind them", () => {
  const passing = behind("host", "pipes", { kind: "passDescriptors", count: 2 });
  const { become } = altered("become", "closeRange", { from: 5 });
  expect(violations({ ...passing, become })).toEqual([]);
});

test("a plan with a user namespace obeys every law too", () => {
  expect(violations(fullUser)).toEqual([]);
});

const NEW_LISTENER = 8;

const listened: Plan = {
  ...good,
  map: [
    ...good.map,
    { kind: "await", point: 7, because: "x" },
    { kind: "sendListener", path: "/agent", state: ["{", "}"], because: "x" },
  ],
  confine: good.confine.flatMap((op): Plan["confine"] =>
    op.kind === "seccomp"
      ? [
          { ...op, flags: NEW_LISTENER },
          { kind: "release", point: 7, because: "x" },
        ]
      : [op],
  ),
};

test("a plan whose filter asks a supervisor obeys every law too", () => {
  expect(violations(listened)).toEqual([]);
});

const hook = (
  phase: "prestart" | "createRuntime" | "createContainer" | "startContainer" | "poststart" | "poststop",
) =>
  ({
    kind: "hook",
    phase,
    path: "/h",
    argv: ["h"],
    env: [],
    directory: "",
    state: "{}",
    because: "x",
  }) as const;

/** The good plan with a hook of every phase that a plan has. */
const hooked: Plan = {
  ...good,
  map: [
    ...good.map,
    { kind: "await", point: 8, because: "x" },
    hook("prestart"),
    hook("createRuntime"),
    { kind: "release", point: 9, because: "x" },
  ],
  build: before(
    "build",
    "readonlyPath",
    { kind: "release", point: 8 },
    { kind: "await", point: 9 },
    hook("createContainer"),
  ).build,
  become: [hook("startContainer"), ...good.become],
  undo: [...good.undo, hook("poststop")],
};

/** One act of it, changed. */
const rehooked = (act: keyof Plan, change: (list: Plan["map"]) => Plan["map"]): Plan => ({
  ...hooked,
  [act]: change(hooked[act]),
});

test("a plan with hooks obeys every law too", () => {
  expect(violations(hooked)).toEqual([]);
});

const entering: Op = {
  ...{
    kind: "enterUserNamespace",
    uidMap: "0 1 1",
    gidMap: "0 1 1",
    uidMapper: [],
    gidMapper: [],
    because: "x",
  },
};

test("a plan of an executor without privilege obeys every law", () => {
  expect(violations({ ...good, host: [entering, ...good.host] })).toEqual([]);
});

/** [what is wrong, the plan, the law that says so]. */
const crimes: readonly (readonly [string, Plan, string])[] = [
  ["no exec", without("become", "exec"), "one clone, one gate, one exec"],
  [
    "an operation behind exec",
    behind("become", "exec", { kind: "umask", mask: 0 }),
    "one clone, one gate, one exec",
  ],
  [
    "two clones",
    behind("clone", "clone", { kind: "clone", flags: 0, pidfd: 99 }),
    "one clone, one gate, one exec",
  ],
  ["no gate", without("confine", "gate"), "one clone, one gate, one exec"],
  ["a slot that nobody defined", altered("build", "pivot", { root: 77 }), "every slot is defined"],
  ["a slot that is defined later", moved("build", "overlay"), "every slot is defined"],
  ["a slot of the wrong kind", altered("build", "pivot", { root: 0 }), "every slot is defined"],
  ["a slot that is defined twice", altered("build", "overlay", { out: 12 }), "every slot is defined"],
  ["a slot of the other side", altered("map", "joinCgroup", { cgroup: 13 }), "every slot is defined"],
  ["a host's folder in the child", altered("build", "mask", { root: 1 }), "every slot is defined"],
  [
    "an act where it may not stand",
    behind("map", "rlimit", { kind: "umask", mask: 0 }),
    "every slot is defined",
  ],
  [
    "an undo that needs the plan's slots",
    before("undo", "removeCgroup", { kind: "killCgroup", cgroup: 0 }),
    "every slot is defined",
  ],
  [
    "a point that is released twice",
    behind("map", "release", { kind: "release", point: 3 }),
    "a sync point is released once",
  ],
  ["a point that does not exist", altered("map", "release", { point: 32 }), "a sync point is released once"],
  ["an await that nobody releases", without("map", "release"), "every await is released"],
  [
    "two sides that wait for each other",
    before("map", "release", { kind: "await", point: 5 }),
    "every await is released",
  ],
  ["a root that is still the host's", without("build", "pivot"), "loses the host's root"],
  [
    "a host path after pivot",
    behind("build", "pivot", { kind: "openPath", out: 50, path: "/etc", use: "any" }),
    "no host path is used after pivot",
  ],
  ["a mask after pivot", moved("build", "mask"), "masked and made read-only before pivot"],
  ["the container's own null", altered("build", "openPath", { path: "/tmp/null" }), "host's /dev/null (R2)"],
  [
    "/proc through a link",
    altered("build", "attach", { destination: "in-root" }),
    "real folder or file (R1, R5)",
  ],
  ...["/proc/fd", "//proc/fd", "/./proc/fd", "x/../proc/fd", "./proc/./fd"].map(
    (path): readonly [string, Plan, string] => [
      `"${path}" through a link`,
      behind("build", "attach", { kind: "attach", tree: 10, root: 10, path, destination: "in-root" }),
      "real folder or file (R1, R5)",
    ],
  ),
  [
    "a remount of /proc through a link",
    before("build", "pivot", {
      ...{ kind: "remount", root: 10, path: "proc", destination: "in-root", options: [] },
      ...{ set: 1, clear: 0, propagation: 0, recursive: false },
    }),
    "real folder or file (R1, R5)",
  ],
  [
    "a tmpfs that is filled when everybody sees it",
    before("build", "pivot", { kind: "copyUp", tree: 12, root: 10, path: "run", what: "all" }),
    "filled before it is attached",
  ],
  [
    "a clone of the host's mount that may be its peer",
    {
      ...before("build", "pivot", {
        ...{ kind: "attach", tree: 61, root: 10, path: "data", destination: "in-root" },
      }),
      host: [
        ...good.host,
        { kind: "cloneTree", out: 61, path: "/srv", recursive: true, because: "x" },
        ...[{ kind: "setTree", tree: 61, set: 1, clear: 0, propagation: 0, recursive: true, because: "x" }],
      ] as Plan["host"],
    },
    "a propagation of its own",
  ],
  [
    "a clone of the host's cgroups, writable",
    {
      ...good,
      build: before("build", "pivot", {
        ...{ kind: "cloneTree", out: 62, path: "/sys/fs/cgroup/memory/inro", recursive: false },
      }).build.filter(({ kind }) => kind !== "unshare"),
    },
    "cgroup mount is read-only",
  ],
  [
    "a user namespace that is joined by nobody of it",
    {
      ...good,
      host: [...good.host, { kind: "openPath", out: 63, path: "/ns", use: "read", because: "x" }],
      clone: [{ kind: "joinNamespace", ns: 63, type: USER, because: "x" }, ...good.clone],
    },
    "limits and maps of a user namespace",
  ],
  ...(
    [
      ["somebody's mapper", { uidMapper: ["newuidmap", "0", "1", "1"] }, {}],
      ["another program of the host", { gidMapper: ["/bin/sh", "0", "1", "1"] }, {}],
      ["a second user namespace", {}, { clone: altered("clone", "clone", { flags: USER }).clone }],
      [
        "groups that may be passed over",
        {},
        { confine: altered("confine", "groups", { denied: true }).confine },
      ],
    ] as const
  ).map(([what, entry, more]): readonly [string, Plan, string] => [
    what,
    { ...good, host: [{ ...entering, ...entry } as Op, ...good.host], ...more },
    "without privilege the executor enters",
  ]),
  [
    "an executor that enters its namespace late",
    { ...good, host: [...good.host, entering] },
    "without privilege the executor enters",
  ],
  ["a procfs of the image", altered("build", "writeProc", { proc: 10 }), "procfs of our own (R4)"],
  ["procfs by another path", altered("host", "openPath", { path: "/tmp/proc" }), "procfs of our own (R4)"],
  [
    "a writable file on a tree that becomes read-only",
    before("build", "setTree", { kind: "openBeneath", out: 51, root: 10, path: "x", use: "append" }),
    "no writable descriptor",
  ],
  [
    "the host's cgroups, writable",
    {
      ...altered("build", "fsMount", { attributes: 0 }),
      build: altered("build", "fsMount", { attributes: 0 }).build.filter(({ kind }) => kind !== "unshare"),
    },
    "cgroup mount is read-only",
  ],
  [
    "a cgroup namespace from the clone on, on hybrid",
    altered("clone", "clone", { flags: CGROUP }),
    "cgroup namespace comes after",
  ],
  [
    "a cgroup namespace that does not wait",
    changed("build", (list) => [
      ...list.filter(({ kind }) => kind === "unshare"),
      ...list.filter(({ kind }) => kind !== "unshare"),
    ]),
    "cgroup namespace comes after",
  ],
  [
    "a cgroup namespace before the child joins",
    behind("build", "unshare", { kind: "joinCgroup", cgroup: 0, who: "self" }),
    "cgroup namespace comes after",
  ],
  [
    "a host's cgroup folder in the container",
    behind("build", "pivot", { kind: "joinCgroup", cgroup: 0, who: "self" }),
    "a child joins its cgroups itself",
  ],
  [
    "a cgroup's slot after it was joined",
    before(
      "build",
      "hostname",
      { kind: "joinCgroup", cgroup: 0, who: "self" },
      { kind: "joinCgroup", cgroup: 0, who: "self" },
    ),
    "every slot is defined",
  ],
  [
    "a program that does not wait for its limits",
    without("build", "await"),
    "the program starts after its cgroups are joined",
  ],
  [
    "a user namespace without maps",
    altered("clone", "clone", { flags: USER }),
    "limits and maps of a user namespace",
  ],
  [
    "limits after the maps",
    { ...fullUser, map: [...fullUser.map.slice(1), ...fullUser.map.slice(0, 1)] },
    "limits and maps of a user namespace",
  ],
  ["limits that race with the change of user", moved("map", "rlimit"), "before the child changes its user"],
  [
    "a namespace joined while others can look in",
    {
      ...changed("build", (list) => [
        { kind: "joinNamespace", ns: 60, type: 0x40000000, because: "x" },
        ...list,
      ]),
      host: [...good.host, { kind: "openPath", out: 60, path: "/run/netns/x", use: "read", because: "x" }],
    },
    "not dumpable before it joins (R14)",
  ],
  [
    "a read-only path after a mask",
    behind("build", "mask", { kind: "readonlyPath", root: 10, path: "proc/irq" }),
    "order law 2",
  ],
  [
    "a filter after the privilege to load it",
    behind("confine", "ambient", { kind: "seccomp", filter: new Uint8Array(8), flags: 0 }),
    "order laws 4, 7",
  ],
  [
    "an early filter with no_new_privs",
    before("confine", "seccomp", { kind: "noNewPrivileges" }),
    "order laws 4, 7",
  ],
  [
    "a priority that is asked for when the right to is gone",
    behind("confine", "user", { kind: "ioPriority", priority: 1 << 13 }),
    "processors, disks and memory",
  ],
  [
    "processors that are chosen under the filter",
    before("confine", "umask", { kind: "cpuAffinity", cpus: new Uint8Array(8).fill(1) }),
    "processors, disks and memory",
  ],
  [
    "a listener that nobody fetches",
    altered("confine", "seccomp", { flags: NEW_LISTENER }),
    "listener of a filter is fetched",
  ],
  [
    "a listener that is fetched before the filter is loaded",
    {
      ...behind("confine", "seccomp", { kind: "release", point: 7 }),
      map: [...good.map, { kind: "sendListener", path: "/x", state: [], because: "x" }],
    },
    "listener of a filter is fetched",
  ],
  [
    "a listener that stays behind the gate",
    {
      ...altered("confine", "seccomp", { flags: NEW_LISTENER }),
      confine: without("confine", "seccomp").confine,
      map: listened.map,
      become: [
        { kind: "seccomp", filter: allowAll, flags: NEW_LISTENER, because: "x" },
        { kind: "release", point: 7, because: "x" },
        ...good.become,
      ],
    },
    "listener of a filter is fetched",
  ],
  [
    "a process between that enters a container's mounts",
    {
      ...before("clone", "clone", { kind: "joinNamespace", ns: 60, type: 0x00020000 }),
      host: [...good.host, { kind: "openPath", out: 60, path: "/run/netns/x", use: "read", because: "x" }],
    },
    "before the clone the executor enters",
  ],
  [
    "an executor that leaves its mount namespace",
    before("clone", "clone", { kind: "unshare", flags: 0x00020000 }),
    "before the clone the executor enters",
  ],
  [
    "clocks of the host's own time namespace",
    before("clone", "clone", {
      kind: "writeProc",
      proc: 1,
      path: "self/timens_offsets",
      data: "boottime 1 0",
      optional: false,
    }),
    "before the clone the executor enters",
  ],
  [
    "a mount in a namespace that is the host's too",
    altered("clone", "clone", { flags: 0x20000000 }),
    "nothing is mounted in a mount namespace",
  ],
  [
    "a chroot in a mount namespace of its own",
    before(
      "build",
      "pivot",
      { kind: "openPath", out: 61, path: "/bundle/rootfs", use: "directory" },
      { kind: "chroot", root: 61 },
    ),
    "nothing is mounted in a mount namespace",
  ],
  [
    "a host's path after chroot",
    {
      ...good,
      build: [
        { kind: "openPath", out: 61, path: "/bundle/rootfs", use: "directory", because: "x" },
        { kind: "chroot", root: 61, because: "x" },
        { kind: "openPath", out: 62, path: "/etc", use: "directory", because: "x" },
      ],
    },
    "no host path is used after pivot",
  ],
  [
    "a program in the host's root",
    { ...good, clone: altered("clone", "clone", { flags: 0 }).clone, build: [] },
    "the child leaves the host's root",
  ],
  ["groups after the user", moved("confine", "groups"), "order law 5"],
  [
    "capabilities before the user",
    before("confine", "groups", { kind: "capabilities", effective: 0n, permitted: 0n, inheritable: 0n }),
    "order law 5",
  ],
  ["the bounding set at the end", moved("confine", "boundingSet"), "order law 5"],
  ["no groups", without("confine", "groups"), "R19"],
  ["no ambient set", without("confine", "ambient"), "R18"],
  ["no working directory", without("confine", "workingDirectory"), "order law 3, R13"],
  [
    "a working directory that may fail",
    altered("confine", "workingDirectory", { optional: true }),
    "order law 3, R13",
  ],
  ["no look for the program", without("confine", "findProgram"), "order law 6"],
  ["a user after the look for the program", moved("confine", "user"), "order law 6"],
  ["an init of ours that keeps descriptors", moved("become", "closeRange"), "pid 1 of ours"],
  ["a hook in another act", rehooked("map", (list) => [...list, hook("poststop")]), "act of their phase"],
  [
    "a poststart hook in a plan",
    rehooked("undo", (list) => [...list, hook("poststart")]),
    "act of their phase",
  ],
  [
    "prestart hooks after createRuntime hooks",
    rehooked("map", (list) => [...list.slice(0, -1), hook("prestart"), ...list.slice(-1)]),
    "act of their phase",
  ],
  [
    "a poststop hook before everything is gone",
    rehooked("undo", (list) => list.toReversed()),
    "act of their phase",
  ],
  [
    "hooks that are claimed when they have been called",
    rehooked("undo", (list) => [...list, { kind: "claim", path: "/c", because: "test" }]),
    "act of their phase",
  ],
  [
    "a hook of the runtime that nobody waits for",
    rehooked("map", (list) =>
      list.filter((op) => op.kind !== "release" || op.point !== 9).concat(hook("createRuntime")),
    ),
    "before pivot, the runtime's first",
  ],
  [
    "a hook of the runtime while the container is being built",
    rehooked("map", (list) => list.filter((op) => op.kind !== "await" || op.point !== 8)),
    "before pivot, the runtime's first",
  ],
  [
    "a hook of the container before those of the runtime",
    rehooked("build", (list) => [hook("createContainer"), ...list]),
    "before pivot, the runtime's first",
  ],
  [
    "a hook of the container after pivot",
    rehooked("build", (list) => [...list, hook("createContainer")]),
    "before pivot, the runtime's first",
  ],
  [
    "a hook before the last mount",
    rehooked("build", (list) => [
      ...list.slice(0, -1),
      { kind: "attach", tree: 13, root: 10, path: "x", destination: "real-directory", because: "x" },
      ...list.slice(-1),
    ]),
    "before pivot, the runtime's first",
  ],
  [
    "a hook of the container that the filter does not hold",
    rehooked("become", (list) => [
      ...list.slice(0, 1),
      { kind: "seccomp", filter: allowAll, flags: 0, because: "x" },
      ...list.slice(1),
    ]),
    "startContainer hooks are called under the filter",
  ],
  [
    "a hook behind pid 1 of ours",
    rehooked("become", (list) => [...list.slice(0, -1), hook("startContainer"), ...list.slice(-1)]),
    "startContainer hooks are called under the filter",
  ],
  [
    "a filter that forbids what calls a hook",
    { ...hooked, confine: altered("confine", "seccomp", { filter: against("memfd_create", ERRNO) }).confine },
    "allowed by the filter",
  ],
  ["no streams", without("host", "pipes"), "standard streams come from one place"],
  [
    "a terminal that nobody opened",
    altered("confine", "stdio", { terminal: true }),
    "standard streams come from one place",
  ],
  ["no closeRange", without("become", "closeRange"), "no descriptor but the program's own"],
  [
    "descriptors that stay",
    altered("become", "closeRange", { from: 10 }),
    "no descriptor but the program's own",
  ],
  [
    "descriptors that were passed and would be closed",
    behind("host", "pipes", { kind: "passDescriptors", count: 2 }),
    "no descriptor but the program's own",
  ],
  [
    "a filter that forbids execve",
    altered("confine", "seccomp", { filter: against("execve", ERRNO) }),
    "allowed by the filter",
  ],
  [
    "a filter that forbids a change of user",
    altered("confine", "seccomp", { filter: against("setresuid", ERRNO) }),
    "allowed by the filter",
  ],
  [
    "a cgroup for a user who sees the host's",
    {
      ...without("build", "unshare"),
      host: behind("host", "makeCgroup", { kind: "ownCgroup", cgroup: 0, uid: 1000 }).host,
    },
    "a cgroup namespace of its own",
  ],
  [
    "a fresh cgroup whose filter is replaced",
    behind("host", "makeCgroup", { kind: "replaceDeviceFilter", cgroup: 0, program: new Uint8Array(8) }),
    "with the filter that it has",
  ],
  [
    "a filter that forbids the gate's read",
    altered("confine", "seccomp", { filter: against("read", ERRNO) }),
    "allowed by the filter",
  ],
  [
    "a filter that would ask somebody about exit_group",
    altered("confine", "seccomp", { filter: against("exit_group", NOTIFY) }),
    "allowed by the filter",
  ],
  [
    "a filter that kills on an error path",
    altered("confine", "seccomp", { filter: against("openat", 0) }),
    "allowed by the filter",
  ],
];

test.each(crimes)("%s is refused", (_, plan, law) => {
  const said = violations(plan);
  expect(said.filter((line) => line.includes(law))).not.toEqual([]);
});

test("every law has a plan that breaks it", () => {
  const said = crimes.flatMap(([, plan]) => violations(plan));
  for (const { name } of laws) expect(said.some((line) => line.endsWith(`[${name}]`))).toBe(true);
});

test("a filter that refuses what only explains a failure is no obstacle", () => {
  const filter = against("getpid", ERRNO);
  expect(violations(altered("confine", "seccomp", { filter }))).toEqual([]);
});

test("slots that the survey filled are detached trees", () => {
  const plan = changed("build", (list) =>
    list.map((op) => (op.kind === "attach" ? { ...op, tree: 200 } : op)),
  );
  expect(violations(plan)).not.toEqual([]);
  const defined = violations(plan, { firstSlot: 201 }).filter((line) =>
    line.includes("is not defined before it"),
  );
  expect(defined).toEqual([]);
});
