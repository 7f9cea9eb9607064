import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { readlinkSync } from "node:fs";

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The network that a test runs in: the machine's own, or one made for it, gone with the scope. */
export interface Host extends Disposable {
  /** Runs a program to its end in this network. */
  run(program: string, args: readonly string[], options?: RunOptions): Promise<Finished>;
  spawn(program: string, args: readonly string[], options?: SpawnOptions): ChildProcess;
}

export interface RunOptions {
  readonly input?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  /** The folder that it begins in. */
  readonly cwd?: string;
  /** Milliseconds after which it is killed: a test must not hang. */
  readonly timeout?: number;
}

export interface SpawnOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly stdio?: ("ignore" | "pipe" | "inherit" | number)[];
  readonly detached?: boolean;
}

function hostOf(prefix: readonly string[], close: () => void): Host {
  const start = (program: string, args: readonly string[], options: SpawnOptions = {}) => {
    const [first = program, ...rest] = [...prefix, program, ...args];
    return spawn(first, rest, {
      stdio: options.stdio ?? ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...options.env },
      detached: options.detached ?? false,
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
  };
  return {
    spawn: start,
    run: (program, args, options = {}) =>
      finished(start(program, args, { ...options, stdio: ["pipe", "pipe", "pipe"] }), options),
    [Symbol.dispose]: close,
  };
}

async function finished(child: ChildProcess, options: RunOptions): Promise<Finished> {
  const timer = setTimeout(() => child.kill("SIGKILL"), options.timeout ?? 60_000);
  child.stdin?.on("error", () => {});
  child.stdin?.end(options.input ?? "");
  const [stdout, stderr, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((resolve, reject) => {
      child.once("exit", resolve);
      child.once("error", reject);
    }),
  ]);
  clearTimeout(timer);
  return { code, stdout, stderr };
}

async function text(stream: NodeJS.ReadableStream | null): Promise<string> {
  if (stream === null) return "";
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks).toString();
}

export function machine(): Host {
  return hostOf([], () => {});
}

/** A network namespace with nothing but its loopback. `mounts`: what is mounted in it is seen by nobody else, and goes with it. */
export async function ownHost(o: { readonly mounts?: true } = {}): Promise<Host & { readonly pid: number }> {
  const holder = spawn("unshare", ["--net", ...(o.mounts ? ["--mount"] : []), "sleep", "3600"], {
    stdio: "ignore",
  });
  const pid = holder.pid ?? 0;
  const mine = readlinkSync("/proc/self/ns/net");
  for (let tries = 0; networkOf(pid) === mine; tries++) {
    if (tries > 1000) throw new Error("unshare did not begin");
    await Bun.sleep(2);
  }
  const enter = [`--net=/proc/${pid}/ns/net`, ...(o.mounts ? [`--mount=/proc/${pid}/ns/mnt`] : [])];
  spawnSync("nsenter", [...enter, "ip", "link", "set", "lo", "up"]);
  return { ...hostOf(["nsenter", ...enter], () => holder.kill("SIGKILL")), pid };
}

function networkOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return readlinkSync("/proc/self/ns/net");
  }
}

/** The namespaces that a command enters before it runs another (`nsenter --target …`). */
export const within = (enter: readonly string[]): Host => hostOf(enter, () => {});
