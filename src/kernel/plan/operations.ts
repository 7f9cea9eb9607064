/**
 * The operations of a plan: the one definition from which the TypeScript types, the encoder, the printer's
 * exhaustiveness, the verifier's slot rules and native/generated/operations.h come.
 *
 * Each line: code on the wire (never reused), acts in which it may stand, fields in wire order.
 */
import type { Act } from "./act.ts";
import {
  bytes,
  choice,
  defines,
  type Field,
  flag,
  i32,
  note,
  optional,
  type Shape,
  text,
  texts,
  u32,
  u32s,
  u64,
  uses,
} from "./field.ts";

const op = <const A extends readonly Act[], const F extends Readonly<Record<string, Field>>>(
  code: number,
  acts: A,
  fields: F,
) => ({ code, acts, fields });

/** How openPath and openBeneath open: `any` and `directory` are O_PATH, `fifo` is O_RDWR on a named pipe. */
const use = choice({ any: 0, directory: 1, read: 2, append: 3, fifo: 4 });
const root = uses("path", "tree");
/** How links on the way to a mount point are met. */
const destination = choice({ "in-root": 0, "real-directory": 1, "real-file": 2 });

const outside = ["host", "map", "undo"] as const;
const opening = ["host", "map", "build", "undo"] as const;
const inside = ["build"] as const;
const privilege = ["build", "confine", "become"] as const;
/** config.md, "POSIX-platform Hooks". */
const phase = choice({
  prestart: 0,
  createRuntime: 1,
  createContainer: 2,
  startContainer: 3,
  poststart: 4,
  poststop: 5,
});

export const operations = {
  // ── files and mounts ──
  /** An absolute path of the host; not after `pivot`. The slot's kind follows `use`. */
  openPath: op(1, opening, { out: defines("path"), path: text, use }),
  /** Beneath `root`, links resolved inside it (RESOLVE_IN_ROOT). */
  openBeneath: op(2, opening, { out: defines("path"), root, path: text, use }),
  /** A detached clone of the mount at an absolute path, or beneath `root`. The record's value is its st_mode. */
  cloneTree: op(3, ["host", "build"], {
    out: defines("tree"),
    root: optional(root),
    path: text,
    recursive: flag,
  }),
  /**
   * A detached clone of what is mounted at `path` in another mount namespace, entered for that moment, of a file system of
   * that kind (statfs(2), f_type); nothing below it, and a link at the end of the path is not followed.
   */
  cloneTreeIn: op(24, ["host"], { out: defines("tree"), ns: uses("file"), path: text, magic: u32 }),
  /** fsopen, fsconfig each option ("key=value" or "key"), fsmount with MOUNT_ATTR_*: a new detached mount. */
  fsMount: op(4, ["host", "build"], {
    out: defines("tree"),
    fstype: text,
    source: text,
    options: texts,
    attributes: u32,
  }),
  /** Mounts an overlay from a folder of short relative names (mount(2)); no `upper`: read-only. */
  overlay: op(5, inside, {
    out: defines("tree"),
    folder: text,
    lower: texts,
    upper: text,
    work: text,
    mountpoint: text,
    options: texts,
  }),
  /** mount_setattr: MOUNT_ATTR_* to set and clear, MS_SHARED… to set, 0 to leave. */
  setTree: op(6, ["host", "build"], {
    tree: uses("tree"),
    set: u32,
    clear: u32,
    propagation: u32,
    recursive: flag,
  }),
  /**
   * What is mounted at a place already gets other attributes and propagation, as for `setTree`, and other options of
   * its file system (fspick, fsconfig); it is an error when nothing is mounted there. The place as for `attach`.
   */
  remount: op(21, inside, {
    root,
    path: text,
    destination,
    options: texts,
    set: u32,
    clear: u32,
    propagation: u32,
    recursive: flag,
  }),
  /**
   * Makes a tree that nobody can see yet like a folder: `mode` just its mode; `contents` what it holds; `all` that, and
   * its mode, owner, attributes and times; `initial` all of that where the tree holds nothing yet. Links are copied as links and never followed; what is mounted below the
   * folder is not entered. Bounded in entries and depth. A folder that is not there has nothing to copy.
   */
  copyUp: op(20, inside, {
    tree: uses("tree"),
    root,
    path: text,
    what: choice({ mode: 0, contents: 1, all: 2, initial: 3 }),
  }),
  /** Of every mount of the new namespace: MS_SLAVE or MS_PRIVATE before anything is attached. */
  setPropagation: op(7, inside, { propagation: u32 }),
  /**
   * move_mount onto an opened target. `in-root`: links are resolved inside `root`; `real-directory` and `real-file`:
   * no link anywhere in the path (R1, R5). An empty path is `root` itself.
   */
  attach: op(8, inside, {
    tree: uses("tree"),
    root,
    path: text,
    destination,
  }),
  /** Makes what is missing of a mount point, O_EXCL | O_NOFOLLOW, and checks that it is a folder or is none. */
  ensureMountpoint: op(9, inside, { root, path: text, directory: flag, mode: u32 }),
  makeDirectory: op(10, inside, { root, path: text, mode: u32, uid: u32, gid: u32 }),
  makeFile: op(11, inside, { root, path: text, mode: u32, data: bytes }),
  /** `mode` with S_IFCHR or S_IFBLK or S_IFIFO. */
  makeNode: op(12, inside, { root, path: text, mode: u32, major: u32, minor: u32, uid: u32, gid: u32 }),
  makeLink: op(13, inside, { root, path: text, target: text }),
  /**
   * Covers a file with a clone of the host's /dev/null (`null`, checked to be character device 1:3: R2), a folder
   * with an empty read-only tmpfs; nothing there is nothing to do. Before `pivot`.
   */
  mask: op(14, inside, { root, path: text, null: uses("path") }),
  /** Covers a path with a read-only clone of itself; nothing there is nothing to do. Before `pivot`. */
  readonlyPath: op(15, inside, { root, path: text }),
  /** pivot_root into an attached mount, detaches the old root; the working directory is the new root. */
  pivot: op(16, inside, { root: uses("tree", "path") }),
  /**
   * chroot(2) into a folder, where the mount namespace is not the container's own: nothing is mounted there. The working
   * directory is the new root.
   */
  chroot: op(130, inside, { root: uses("path", "file") }),
  /**
   * Writes a file of procfs, beneath `proc`, which is checked to be procfs (R4). In `map` the path is relative to the
   * child's own folder. `optional`: a refusal is kept in the record and tolerated.
   */
  writeProc: op(17, ["host", "clone", "map", "build", "confine"], {
    proc: root,
    path: text,
    data: text,
    optional: flag,
  }),

  // ── namespaces ──
  /** clone3. `flags`: CLONE_NEW*; `cgroup`: CLONE_INTO_CGROUP. The record's value is the child's pid. */
  clone: op(32, ["clone"], { flags: u32, pidfd: defines("pidfd"), cgroup: optional(uses("cgroup")) }),
  /**
   * setns(ns, type). In `clone`, before the clone: the child is born into it. For CLONE_NEWPID the executor joins itself
   * for the moment, and is not dumpable meanwhile (R14); everything else is joined, in the plan's order, by a process
   * between the two, since a user namespace can be left by nobody.
   */
  joinNamespace: op(33, ["clone", "build"], { ns: uses("file", "pidfd"), type: u32 }),
  /**
   * In `clone`, before the clone, only CLONE_NEWTIME, for the child that is born into it (time_namespaces(7)); the
   * executor goes back afterwards.
   */
  unshare: op(34, ["clone", "build", "confine"], { flags: u32 }),
  /** Writes setgroups (deny), gid_map and uid_map of the child, each in one write: "0 100000 65536\n…". */
  mapIds: op(35, ["map"], { uidMap: text, gidMap: text, denySetgroups: flag }),
  /**
   * Where there is no privilege: the executor itself goes into a user namespace, one that exists (`users`) or a new one,
   * with a mount namespace of its own, and is 0:0 there from then on. Each map is written by a program of the host
   * (newuidmap(1): its absolute path, then numbers; the pid goes between them), or without one by the executor, which
   * denies setgroups first.
   */
  enterUserNamespace: op(23, ["host"], {
    users: optional(uses("file", "pidfd")),
    uidMap: text,
    gidMap: text,
    uidMapper: texts,
    gidMapper: texts,
  }),
  /**
   * Maps the owners of a mount that nobody can see yet (MOUNT_ATTR_IDMAP), or of all mounts of the tree: as the user
   * namespace `users` maps them, or one that is made of these maps and gone afterwards.
   */
  idMap: op(22, ["host"], {
    tree: uses("tree"),
    users: optional(uses("file")),
    uidMap: text,
    gidMap: text,
    recursive: flag,
  }),
  /** A numbered sync: the other side's `await` of the same point goes on. */
  release: op(36, ["map", "build", "confine"], { point: u32 }),
  await: op(37, ["map", "build", "confine"], { point: u32 }),

  // ── cgroups ──
  /**
   * Makes `path` and what is missing above it, below a hierarchy's mount point. `controllers` ("+cpu +memory", v2) are
   * enabled for the children of each folder above. Fills an empty cpuset from above (v1).
   */
  makeCgroup: op(48, ["host", "map"], {
    out: defines("cgroup"),
    hierarchy: text,
    path: text,
    controllers: optional(text),
  }),
  /** Opens one that exists, for a process that joins. */
  openCgroup: op(49, outside, { out: defines("cgroup"), hierarchy: text, path: text }),
  writeCgroup: op(50, outside, { cgroup: uses("cgroup"), file: text, value: text, optional: flag }),
  /** Writes the first of `files` that the kernel has, each with its own value; none of them is an error. */
  writeCgroupFirst: op(55, outside, { cgroup: uses("cgroup"), files: texts, values: texts }),
  /**
   * `self`: the process that executes it, which costs no grace period on v1 (docs/KERNEL.md); in `build` the slot ends
   * with it. `child`: in `map`, for a child that may not write there itself.
   */
  joinCgroup: op(51, ["host", "map", "build"], {
    cgroup: uses("cgroup"),
    who: choice({ child: 0, self: 1 }),
  }),
  /** v2: attaches a BPF_PROG_TYPE_CGROUP_DEVICE program, in struct bpf_insn. */
  deviceFilter: op(52, ["host", "map"], { cgroup: uses("cgroup"), program: bytes }),
  /** v2, on a cgroup that lives: the new filter stands before the old one goes, and there is no moment without one. */
  replaceDeviceFilter: op(56, ["host"], { cgroup: uses("cgroup"), program: bytes }),
  /**
   * v2: gives the folder, and of its files those that /sys/kernel/cgroup/delegate names (cgroups(7)), to a user. No other:
   * limits stay the giver's.
   */
  ownCgroup: op(57, ["host"], { cgroup: uses("cgroup"), uid: u32 }),
  killCgroup: op(53, outside, { cgroup: uses("cgroup") }),
  /** Kills what is left in it, removes it and what is below it; absent is done. */
  removeCgroup: op(54, outside, { hierarchy: text, path: text }),

  // ── network ──
  /**
   * One sendmsg of netlink messages and their acknowledgements. `childPidAt`: offset of a u32 that becomes the child's
   * pid. `tolerate`: an errno that is success. `what`: what it does, for people. In a batch, messages that were
   * answered with (NLM_F_DUMP, NLM_F_ECHO) are the record's `data`.
   */
  netlink: op(64, ["host", "map", "build", "undo"], {
    family: choice({ route: 0, netfilter: 12 }),
    messages: bytes,
    childPidAt: optional(u32),
    tolerate: i32,
    what: note,
  }),

  /**
   * The same through a socket of another network namespace: setns for the moment of the socket's making, which then stays
   * with that namespace (network_namespaces(7)).
   */
  netlinkIn: op(170, ["host"], {
    ns: uses("file"),
    family: choice({ route: 0, netfilter: 12 }),
    messages: bytes,
    tolerate: i32,
    what: note,
  }),

  /**
   * A datagram socket and a listening one on 127.0.0.11, made in the child's network namespace and kept by the monitor,
   * which passes on to the engine what comes there (native/names.h).
   */
  nameSockets: op(171, ["map"], { port: u32 }),

  /**
   * Writes a parameter beneath /proc/sys/net, which shows everyone those of their own network namespace (proc(5)). What a
   * kernel does not have it does not do.
   */
  networkParameter: op(172, ["host", "build"], { path: text, data: text }),
  /** The same of another network namespace, entered for that moment. */
  networkParameterIn: op(173, ["host"], { ns: uses("file"), path: text, data: text }),

  // ── the process ──
  hostname: op(80, inside, { name: text }),
  domainname: op(81, inside, { name: text }),
  /** prlimit64 on the child, by the parent. */
  rlimit: op(82, ["map"], { resource: u32, soft: u64, hard: u64 }),
  /** A session keyring of its own. */
  keyring: op(83, inside, { name: text }),
  umask: op(84, privilege, { mask: u32 }),
  /**
   * chdir in the container's own view, then the check that it lies inside the root (R13). `create`: makes what is
   * missing. `optional`: a refusal (EACCES, EPERM) is left to a later workingDirectory after the change of user.
   */
  workingDirectory: op(85, privilege, { path: text, create: flag, optional: flag }),
  /**
   * A new terminal of the container's own devpts (`pts/ptmx` beneath `dev`); its peer by TIOCGPTPEER (R3), the master
   * to the parent. 0 rows: the size is left as it is.
   */
  terminal: op(86, inside, { dev: root, rows: u32, columns: u32 }),
  /** Attaches a clone of the terminal's peer on the file `console` beneath `dev`. */
  console: op(87, inside, { dev: root }),
  /** The container's standard streams are pipes; without `stdin` it reads /dev/null. */
  pipes: op(88, ["host"], { stdin: flag }),
  /** The container's standard streams are the executor's own. */
  inheritStdio: op(89, ["host"], {}),
  /** Puts the streams on 0, 1, 2 and gives them to `uid`. */
  stdio: op(90, ["build", "confine"], { terminal: flag, uid: u32 }),
  /** setsid; with a terminal it becomes the controlling one. */
  session: op(91, ["build", "confine"], { terminal: flag }),
  /** sched_setattr(2): SCHED_*, SCHED_FLAG_*; runtime, deadline and period in nanoseconds. */
  scheduler: op(92, ["confine"], {
    policy: u32,
    flags: u64,
    nice: i32,
    priority: u32,
    runtime: u64,
    deadline: u64,
    period: u64,
  }),
  /** ioprio_set(2) for its process group, which is its own after `session`: IOPRIO_PRIO_VALUE. */
  ioPriority: op(93, ["confine"], { priority: u32 }),
  /**
   * sched_setaffinity(2), a cpu_set_t. In `clone`, before the clone, the executor's own, so that its child begins there;
   * it goes back afterwards.
   */
  cpuAffinity: op(94, ["clone", "confine"], { cpus: bytes }),
  /** personality(2): PER_*. */
  personality: op(95, ["confine"], { domain: u32 }),
  /** set_mempolicy(2): MPOL_* with MPOL_F_*, and a mask of nodes. */
  memoryPolicy: op(96, ["confine"], { mode: u32, nodes: bytes }),

  // ── hooks ──
  /**
   * Starts a program of the caller's and waits for its end, which has to be exit code 0, within `timeout` milliseconds
   * if there is one; else it is killed with its process group. It inherits nothing: argv, env and `state` on its
   * standard input are what it gets (`pidAt`: where in the state the container's pid is put in, as the hook's pid
   * namespace sees it), and it dies with who started it. What it wrote last is told when it fails. An empty
   * `directory`: the starter's own. In `host` only of a batch.
   */
  hook: op(100, ["host", "map", "build", "become", "undo"], {
    phase,
    path: text,
    argv: texts,
    env: texts,
    directory: text,
    state: text,
    pidAt: optional(u32),
    timeout: optional(u32),
  }),
  /**
   * Makes an empty file, and with it claims the hooks that come after: where the file is there already, or its folder is
   * gone, somebody else has called them or will, and they are passed over. In `host` only of a batch.
   */
  claim: op(155, ["host", "undo"], { path: text }),

  // ── the command line's ──
  /**
   * The caller's descriptors 3 to 2 + `count` are the program's too, under the same numbers (`--preserve-fds`); the
   * executor was started with them behind its wire.
   */
  passDescriptors: op(108, ["host"], { count: u32 }),
  /**
   * A process that exists, to join its namespaces: a pid together with `startTime` (proc_pid_stat(5), field 22) names
   * one process of this boot; ESRCH when it is another one by now. 0: the executor is its parent, which has not reaped it.
   */
  openProcess: op(109, ["host"], { out: defines("pidfd"), pid: u32, startTime: u64 }),

  // ── confinement ──
  noNewPrivileges: op(112, privilege, {}),
  /** Drops every capability of the bounding set that is not in `keep` (bit n is capability n). */
  boundingSet: op(113, privilege, { keep: u64 }),
  keepCapabilities: op(114, privilege, { on: flag }),
  /** Always set, also to none (R19). `denied`: in this user namespace nobody may, and the refusal to set none is kept. */
  groups: op(115, privilege, { gids: u32s, denied: optional(flag) }),
  user: op(116, privilege, { uid: u32, gid: u32 }),
  capabilities: op(117, privilege, { effective: u64, permitted: u64, inheritable: u64 }),
  /** Clears the ambient set, then raises `set`. */
  ambient: op(118, privilege, { set: u64 }),
  dumpable: op(119, privilege, { on: flag }),
  parentDeath: op(120, privilege, { signal: u32 }),
  /** Everything from descriptor `from` on is closed at exec. */
  closeRange: op(121, ["confine", "become"], { from: u32 }),
  /**
   * struct sock_filter instructions; SECCOMP_FILTER_FLAG_*. From here on no time is taken. With a listener the record's
   * value is its descriptor in the child, close-on-exec.
   */
  seccomp: op(122, ["confine", "become"], { filter: bytes, flags: u32 }),
  /** Fails, as exec would, when no candidate can be executed; names a missing interpreter or wrong architecture. */
  findProgram: op(123, ["confine", "become"], { candidates: texts, program: note }),
  /** Tells the parent that everything stands, and waits for the start: by the parent, or by a byte in `fifo`. */
  gate: op(124, ["confine"], { fifo: optional(uses("fifo")) }),
  /** Pid 1 stays ours: reaps, forwards signals and ends as its child does. */
  reaper: op(125, ["become"], {}),
  /** execve by path in the container's own view, from its working directory: the one path that is resolved like that. */
  exec: op(126, ["become"], { candidates: texts, argv: texts, env: texts }),

  /**
   * Takes the child's seccomp listener (pidfd_getfd) and sends it to who listens at `path`, a stream socket, with `state`:
   * parts between which the child's pid stands (config-linux.md, "The Container Process State").
   */
  sendListener: op(97, ["map"], { path: text, state: texts }),

  // ── the monitor ──
  /**
   * The executor stays as the container's monitor. Absolute folders; an empty `log`: none is kept. `journal`: lines
   * `NAME=value` that the systemd journal's entries have, which are sent when there are some. `memory`: where out-of-memory
   * kills are told.
   */
  monitor: op(144, ["host"], {
    folder: text,
    socketFolder: text,
    log: text,
    maxSize: u64,
    maxFiles: u32,
    journal: text,
    exitFile: text,
    stdinOnce: flag,
    memory: optional(uses("cgroup")),
  }),
} as const;

export type Operations = typeof operations;
export type Kind = keyof Operations;

/** An operation; `because` is the pointer, default or flag that asked for it. */
export type OpOf<K extends Kind> = { readonly kind: K; readonly because: string } & Shape<
  Operations[K]["fields"]
>;
export type Op = { [K in Kind]: OpOf<K> }[Kind];

/** The table's line for an operation, without its exact type. */
export function definition(kind: Kind): {
  readonly code: number;
  readonly acts: readonly Act[];
  readonly fields: Readonly<Record<string, Field>>;
} {
  return operations[kind];
}
