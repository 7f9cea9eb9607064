import { dlopen, FFIType } from "bun:ffi";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { closeSync, openSync, readlinkSync } from "node:fs";

const CLONE_NEWNET = 0x40000000;

const { symbols: libc } = dlopen("libc.so.6", {
  unshare: { args: [FFIType.i32], returns: FFIType.i32 },
  setns: { args: [FFIType.i32, FFIType.i32], returns: FFIType.i32 },
});

/**
 * Puts this thread, and what it starts from now on, into a network namespace of its own until the end of the scope:
 * it plays the host. Of a thread only, so the rest of the process does not notice.
 */
export function ownNetwork(): Disposable {
  const before = openSync("/proc/thread-self/ns/net", "r");
  const left = readlinkSync("/proc/thread-self/ns/net");
  if (libc.unshare(CLONE_NEWNET) !== 0) throw new Error("unshare failed");
  if (readlinkSync("/proc/self/ns/net") === left) throw new Error("tests do not run on the main thread");
  command("ip", "link", "set", "lo", "up");
  return {
    [Symbol.dispose]: () => {
      libc.setns(before, CLONE_NEWNET);
      closeSync(before);
    },
  };
}

/** This thread is in the network of a process until the end of the scope: for what must be started there. */
export function inNetwork(pid: number): Disposable {
  const before = openSync("/proc/thread-self/ns/net", "r");
  const there = openSync(`/proc/${pid}/ns/net`, "r");
  const entered = libc.setns(there, CLONE_NEWNET) === 0;
  closeSync(there);
  if (!entered) throw new Error("setns failed");
  return {
    [Symbol.dispose]: () => {
      libc.setns(before, CLONE_NEWNET);
      closeSync(before);
    },
  };
}

/** A process that does nothing in a network namespace of its own: a container, or another host. */
export interface Other extends Disposable {
  readonly pid: number;
  /** Runs a program in its network; answers what it printed. Throws when it fails. */
  run(...words: string[]): string;
  /** Like run, but a failure is an answer too. */
  attempt(...words: string[]): { readonly ok: boolean; readonly output: string };
  /** Starts a program in its network, ended with the scope. */
  start(...words: string[]): ChildProcess;
}

export async function otherNetwork(): Promise<Other> {
  const holder = spawn("unshare", ["--net", "sleep", "600"], { stdio: "ignore" });
  const pid = holder.pid ?? 0;
  const mine = readlinkSync("/proc/thread-self/ns/net");
  for (let tries = 0; networkOf(pid) === mine; tries++) {
    if (tries > 500) throw new Error("unshare did not begin");
    await Bun.sleep(2);
  }
  return inNetworkOf(pid, [holder]);
}

/** Programs in the network namespace that this thread is in now. */
export const thisNetwork = (): Other => inNetworkOf(process.pid, []);

function inNetworkOf(pid: number, started: ChildProcess[]): Other {
  const enter = ["--target", String(pid), "--net"];
  return {
    pid,
    run: (...words) => command("nsenter", ...enter, ...words),
    attempt: (...words) => {
      const result = spawnSync("nsenter", [...enter, ...words], { encoding: "utf8" });
      return { ok: result.status === 0, output: `${result.stdout}${result.stderr}` };
    },
    start: (...words) => {
      const child = spawn("nsenter", [...enter, ...words], { stdio: ["ignore", "pipe", "pipe"] });
      started.push(child);
      return child;
    },
    [Symbol.dispose]: () => {
      for (const child of started) child.kill("SIGKILL");
    },
  };
}

function networkOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return "";
  }
}

/** Runs a program to its end; throws with what it said when it fails. */
export function command(program: string, ...words: string[]): string {
  const result = spawnSync(program, words, { encoding: "utf8" });
  if (result.status !== 0)
    throw new Error(`${program} ${words.join(" ")}: ${result.stderr || result.error?.message}`);
  return result.stdout;
}
