import type { Op } from "../../../src/kernel/plan/operations.ts";
import type { Plan } from "../../../src/kernel/plan/plan.ts";

const PRIVATE = 1 << 18;
/** New pid, mount, network, ipc and uts namespaces. */
const NAMESPACES = 0x20000000 | 0x00020000 | 0x40000000 | 0x08000000 | 0x04000000;
const NEW_CGROUP = 0x02000000;
const READ_ONLY = 1;

/** SECCOMP_RET_ALLOW, whatever is asked. */
export const allowAll = Uint8Array.of(6, 0, 0, 0, 0, 0, 0xff, 0x7f);

type Bare<O> = O extends Op ? Omit<O, "because"> : never;
const ops = (...list: Bare<Op>[]): Op[] =>
  list.map((op, i) => ({ because: `default ${i}`, ...op }) as unknown as Op);

/** A plan as a compiler would write it, by hand, for a hybrid host: every law has something to say about it. */
export const good: Plan = {
  host: ops(
    { kind: "makeCgroup", out: 0, hierarchy: "/sys/fs/cgroup/memory", path: "/inro/abc" },
    { kind: "writeCgroup", cgroup: 0, file: "memory.limit_in_bytes", value: "67108864", optional: false },
    { kind: "pipes", stdin: false },
    { kind: "openPath", out: 1, path: "/proc", use: "directory" },
  ),
  clone: ops({ kind: "clone", flags: NAMESPACES, pidfd: 2 }),
  map: ops(
    { kind: "rlimit", resource: 7, soft: 1024n, hard: 4096n },
    { kind: "writeProc", proc: 1, path: "oom_score_adj", data: "500", optional: false },
    {
      kind: "netlink",
      family: "route",
      messages: new Uint8Array(32),
      childPidAt: 16,
      tolerate: 0,
      what: "veth 3b1f ↔ eth0, bridge inro0",
    },
    { kind: "joinCgroup", cgroup: 0, who: "child" },
    { kind: "release", point: 3 },
  ),
  build: ops(
    { kind: "dumpable", on: false },
    { kind: "setPropagation", propagation: PRIVATE },
    { kind: "hostname", name: "box" },
    {
      kind: "overlay",
      out: 10,
      folder: "/var/lib/inro/containers/abc",
      lower: ["l/0", "l/1"],
      upper: "upper",
      work: "work",
      mountpoint: "m",
      options: [],
    },
    { kind: "fsMount", out: 11, fstype: "proc", source: "proc", options: [], attributes: 14 },
    { kind: "ensureMountpoint", root: 10, path: "proc", directory: true, mode: 0o755 },
    { kind: "attach", tree: 11, root: 10, path: "proc", destination: "real-directory" },
    { kind: "fsMount", out: 12, fstype: "tmpfs", source: "tmpfs", options: ["mode=755"], attributes: 2 },
    { kind: "makeNode", root: 12, path: "null", mode: 0o020666, major: 1, minor: 3, uid: 0, gid: 0 },
    { kind: "attach", tree: 12, root: 10, path: "dev", destination: "real-directory" },
    { kind: "writeProc", proc: 11, path: "sys/net/ipv4/ip_forward", data: "1", optional: false },
    { kind: "await", point: 3 },
    { kind: "unshare", flags: NEW_CGROUP },
    { kind: "fsMount", out: 13, fstype: "cgroup", source: "cgroup", options: ["memory"], attributes: 14 },
    { kind: "attach", tree: 13, root: 10, path: "sys/fs/cgroup/memory", destination: "real-directory" },
    { kind: "readonlyPath", root: 10, path: "proc/sys" },
    { kind: "openPath", out: 14, path: "/dev/null", use: "any" },
    { kind: "mask", root: 10, path: "proc/kcore", null: 14 },
    { kind: "setTree", tree: 10, set: READ_ONLY, clear: 0, propagation: 0, recursive: false },
    { kind: "pivot", root: 10 },
  ),
  confine: ops(
    { kind: "stdio", terminal: false, uid: 1000 },
    { kind: "session", terminal: false },
    { kind: "workingDirectory", path: "/work", create: false, optional: true },
    { kind: "seccomp", filter: allowAll, flags: 0 },
    { kind: "umask", mask: 0o22 },
    { kind: "boundingSet", keep: 1n },
    { kind: "keepCapabilities", on: true },
    { kind: "groups", gids: [10] },
    { kind: "user", uid: 1000, gid: 1000 },
    { kind: "keepCapabilities", on: false },
    { kind: "capabilities", effective: 1n, permitted: 1n, inheritable: 0n },
    { kind: "ambient", set: 0n },
    { kind: "workingDirectory", path: "/work", create: false, optional: false },
    { kind: "parentDeath", signal: 9 },
    { kind: "findProgram", candidates: ["/bin/sh"], program: "sh" },
    { kind: "gate" },
  ),
  become: ops(
    { kind: "closeRange", from: 3 },
    { kind: "reaper" },
    { kind: "exec", candidates: ["/bin/sh"], argv: ["sh", "-c", "echo hello"], env: ["PATH=/bin"] },
  ),
  undo: ops({ kind: "removeCgroup", hierarchy: "/sys/fs/cgroup/memory", path: "/inro/abc" }),
};

/** The same plan with one act changed. */
export const changed = (act: keyof Plan, change: (list: Op[]) => Op[]): Plan => ({
  ...good,
  [act]: change([...good[act]]),
});

export const without = (act: keyof Plan, kind: Op["kind"]): Plan =>
  changed(act, (list) => list.filter((op) => op.kind !== kind));

/** Operations in front of the first (or behind the last) of a kind. */
export const before = (act: keyof Plan, kind: Op["kind"], ...list: Bare<Op>[]): Plan =>
  changed(act, (all) =>
    all.toSpliced(
      all.findIndex((op) => op.kind === kind),
      0,
      ...ops(...list),
    ),
  );

export const behind = (act: keyof Plan, kind: Op["kind"], ...list: Bare<Op>[]): Plan =>
  changed(act, (all) => all.toSpliced(all.findLastIndex((op) => op.kind === kind) + 1, 0, ...ops(...list)));

/** One kind's operations with other fields. */
export const altered = (act: keyof Plan, kind: Op["kind"], fields: Partial<Record<string, unknown>>): Plan =>
  changed(act, (all) => all.map((op) => (op.kind === kind ? ({ ...op, ...fields } as unknown as Op) : op)));

/** The kind moved to the end of its act. */
export const moved = (act: keyof Plan, kind: Op["kind"]): Plan =>
  changed(act, (all) => [...all.filter((op) => op.kind !== kind), ...all.filter((op) => op.kind === kind)]);
