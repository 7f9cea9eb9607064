/**
 * The system calls that the native program still makes after a filter is loaded, by operation (native/confine.c,
 * program.c, process.c, hook.c). `verify` interprets the filter over them; test/kernel/plan/strace.test.ts holds this table to
 * what strace sees. Arguments are given where the native program passes a constant that profiles look at.
 */
import type { Kind } from "./operations.ts";

export interface Call {
  readonly name: string;
  readonly arguments?: readonly bigint[];
  /** Its refusal is not an error: an error path, or a nicety. It must not kill. */
  readonly mayFail?: true;
}

const call = (name: string, ...args: bigint[]): Call =>
  args.length === 0 ? { name } : { name, arguments: args };
const attempt = (name: string, ...args: bigint[]): Call => ({ ...call(name, ...args), mayFail: true });

// include/uapi/linux/prctl.h
const prctl = (option: number): Call => call("prctl", BigInt(option));
const AT_FDCWD = BigInt.asUintN(64, -100n);
const SIGCHLD = 17n;
const CLONE_PIDFD = 0x1000n;

/** What any operation's failure leads to: the process ends, where there is no parent with a word about it. */
export const failure: readonly Call[] = [call("exit_group"), attempt("write", 2n)];

export const afterSeccomp: { readonly [K in Kind]?: readonly Call[] } = {
  umask: [call("umask")],
  noNewPrivileges: [prctl(38)],
  boundingSet: [prctl(24)],
  keepCapabilities: [prctl(8)],
  groups: [call("setgroups")],
  user: [call("setresgid"), call("setresuid")],
  capabilities: [call("capset")],
  ambient: [prctl(47)],
  dumpable: [prctl(4)],
  parentDeath: [prctl(1)],
  workingDirectory: [call("chdir"), call("getcwd")],
  findProgram: [call("openat", AT_FDCWD), call("faccessat", AT_FDCWD), attempt("close")],
  release: [call("write")],
  gate: [call("write"), call("read")],
  hook: [
    call("memfd_create"),
    call("write"),
    call("lseek"),
    call("pipe2"),
    call("getpid"),
    call("clone", CLONE_PIDFD | SIGCHLD),
    call("read"),
    call("ppoll"),
    call("wait4"),
    call("close"),
    attempt("kill"),
    // Between its birth and its program.
    prctl(1),
    call("getppid"),
    call("setsid"),
    call("dup3"),
    call("close_range"),
    attempt("chdir"),
    call("execve"),
  ],
  closeRange: [call("close_range")],
  seccomp: [call("seccomp", 1n)],
  reaper: [
    call("rt_sigprocmask"),
    call("clone", SIGCHLD),
    call("rt_sigtimedwait"),
    call("wait4"),
    call("kill"),
    attempt("close_range"),
    prctl(15),
    attempt("getpid"),
    attempt("setpgid"),
    attempt("ioctl", 0n, 0x5410n),
  ],
  exec: [
    call("execve"),
    attempt("faccessat", AT_FDCWD),
    attempt("openat", AT_FDCWD),
    attempt("read"),
    attempt("close"),
  ],
};
