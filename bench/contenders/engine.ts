import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, openSync, readFileSync } from "node:fs";

/** An engine that runs beside the others, with folders and a network namespace of its own. */
export interface Engine {
  readonly name: string;
  /** The command line that speaks to it: words before `run`, `exec`, … */
  readonly cli: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Its Docker API; undefined where only the command line is measured. */
  readonly socket: string | undefined;
  /** Words that run a program in its network. */
  readonly enter: readonly string[];
  /** The processes that run whether or not there are containers. */
  daemonProcesses(containers: ReadonlySet<number>): number[];
  stop(): Promise<void>;
}

/** Waits until a condition holds; throws what it was waiting for after ten seconds. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await holds()); tries++) {
    if (tries > 1000) throw new Error(`waited ten seconds for ${what}`);
    await Bun.sleep(10);
  }
}

export interface Daemon {
  readonly process: ChildProcess;
  readonly socket: string;
}

/**
 * Starts a daemon in network and mount namespaces of its own, so that what it mounts goes with it, and waits for its
 * socket. Throws the end of its log if it ends.
 */
export async function startDaemon(o: {
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly socket: string;
  readonly log: string;
}): Promise<Daemon> {
  const log = openSync(o.log, "w");
  // sh and unshare exec, so the process that is started here is the daemon itself.
  const script = ["sh", "-c", 'ip link set lo up; echo 0 >/proc/sys/net/ipv4/ip_forward; exec "$@"', "sh"];
  const daemon = spawn("unshare", ["--net", "--mount", ...script, ...o.command], {
    stdio: ["ignore", log, log],
    env: { ...process.env, ...o.environment },
  });
  const ended = () => daemon.exitCode !== null || daemon.signalCode !== null;
  try {
    await until(`${o.command[0]}`, () => existsSync(o.socket) || ended());
    if (ended()) throw new Error(`${o.command[0]} ended`);
  } catch (error) {
    await end(daemon);
    throw new Error(`${error}: ${readFileSync(o.log, "utf8").trim().split("\n").slice(-3).join("\n")}`);
  }
  return { process: daemon, socket: o.socket };
}

/** Ends a process with SIGTERM and waits for it. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((done) => child.once("exit", done));
  child.kill("SIGTERM");
  await gone;
}
