import type { Kind } from "../../../src/kernel/plan/operations.ts";

const path = ["openat2", "close"];
const proc = [...path, "fstatfs", "write"];
const make = [...path, "fchownat"];

/** The system calls that each operation may make before seccomp; strace.test.ts holds the executor to them. */
export const callsOf: { readonly [K in Kind]?: readonly string[] } = {
  openPath: ["openat", "statx", "close"],
  openBeneath: [...path, "statx"],
  cloneTree: [...path, "open_tree", "statx"],
  fsMount: ["fsopen", "fsconfig", "fsmount", "read", "close"],
  overlay: ["chdir", "mount", "openat"],
  setTree: ["mount_setattr"],
  setPropagation: ["mount"],
  attach: [...path, "move_mount"],
  ensureMountpoint: [...path, "statx", "mkdirat", "openat"],
  makeDirectory: [...make, "mkdirat"],
  makeFile: [...make, "openat", "write"],
  makeNode: [...make, "mknodat"],
  makeLink: [...path, "symlinkat"],
  mask: [...path, "statx", "open_tree", "fsopen", "fsconfig", "fsmount", "move_mount"],
  readonlyPath: [...path, "open_tree", "mount_setattr", "move_mount"],
  pivot: ["fchdir", "pivot_root", "umount2", "chdir"],
  writeProc: proc,
  clone: ["socketpair", "clone3", "close", "setns", "prctl", "sched_setaffinity"],
  joinNamespace: ["setns", "pidfd_open", "getpid", "prctl"],
  unshare: ["unshare"],
  mapIds: [...proc, "openat"],
  release: ["write", "sendto"],
  await: ["read", "ppoll", "recvmsg"],
  makeCgroup: ["openat", "fstatfs", ...path, "mkdirat", "read", "write"],
  writeCgroup: proc,
  joinCgroup: proc,
  rlimit: ["prlimit64"],
  hostname: ["sethostname"],
  dumpable: ["prctl"],
  inheritStdio: [],
  pipes: ["pipe2", "openat"],
  stdio: ["dup3", "statx", "openat", "close", "fchown"],
  session: ["setsid", "ioctl"],
  seccomp: ["seccomp"],
  scheduler: ["sched_setattr"],
  ioPriority: ["ioprio_set"],
  cpuAffinity: ["sched_getaffinity", "sched_setaffinity"],
  personality: ["personality"],
  memoryPolicy: ["set_mempolicy"],
  workingDirectory: ["chdir", "getcwd"],
};
