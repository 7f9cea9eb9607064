/** The smallest container: a program in a pid namespace of its own, its monitor, and nothing else. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openExecutor } from "../../../src/kernel/executor/executor.ts";
import type { Op } from "../../../src/kernel/plan/operations.ts";
import { emptyPlan, type Plan } from "../../../src/kernel/plan/plan.ts";
import { connectMonitor, type Monitor } from "../../../src/runtime/monitor/monitor.ts";

export const native = join(import.meta.dir, "../../../build/native/inro-native");

const because = "test";
const CLONE_NEWPID = 0x20000000;
const CLONE_NEWNET = 0x40000000;
const SIGKILL = 9;

export interface Options {
  readonly terminal?: boolean;
  readonly stdin?: boolean;
  readonly stdinOnce?: boolean;
  readonly log?: boolean;
  readonly maxSize?: number;
  readonly maxFiles?: number;
  /** Its processes stay when the first of them ends. */
  readonly hostPids?: boolean;
  /** Below the container's folder. */
  readonly socketFolder?: string;
  /** Where its folder is made, instead of the system's folder for temporary files. */
  readonly parent?: string;
  /** Another folder for the log. */
  readonly logFolder?: string;
  readonly host?: readonly Op[];
  readonly map?: readonly Op[];
  readonly build?: readonly Op[];
  /** A network namespace of its own. */
  readonly ownNetwork?: boolean;
  readonly undo?: readonly Op[];
  readonly memory?: number;
  readonly native?: string;
}

function streams(terminal: boolean): Pick<Plan, "build" | "confine"> {
  const build: Op[] = terminal
    ? [
        { kind: "openPath", because, out: 900, path: "/dev", use: "any" },
        { kind: "terminal", because, dev: 900, rows: 24, columns: 80 },
      ]
    : [];
  return {
    build,
    confine: [
      { kind: "parentDeath", because, signal: SIGKILL },
      { kind: "stdio", because, terminal, uid: 0 },
      { kind: "session", because, terminal },
      { kind: "gate", because },
    ],
  };
}

const start = (argv: readonly string[]): readonly Op[] => [
  { kind: "closeRange", because, from: 3 },
  { kind: "exec", because, candidates: [argv[0] ?? ""], argv, env: ["PATH=/usr/bin:/bin"] },
];

/** A plan that only starts a program: what exec sends, and the core of a container's. */
export function planOf(argv: readonly string[], o: Options = {}): Plan {
  const { terminal = false, stdin = true } = o;
  return {
    ...emptyPlan,
    ...streams(terminal),
    host: [...(terminal ? [] : [{ kind: "pipes" as const, because, stdin }]), ...(o.host ?? [])],
    clone: [
      {
        ...{ kind: "clone", because, pidfd: 901 },
        flags: (o.hostPids === true ? 0 : CLONE_NEWPID) | (o.ownNetwork === true ? CLONE_NEWNET : 0),
      },
    ],
    map: o.map ?? [],
    build: [...streams(terminal).build, ...(o.build ?? [])],
    become: start(argv),
    undo: o.undo ?? [],
  };
}

export interface TestContainer extends AsyncDisposable {
  readonly folder: string;
  readonly socketFolder: string;
  readonly log: string;
  readonly plan: Plan;
  readonly monitor: Monitor;
  readonly monitorPid: number;
  start(): Promise<void>;
  /** What the log holds now, its rotated files left out; nothing in the moment of a rotation. */
  logText(): string;
  /** Starts a program beside it; rejects when it cannot be started. */
  exec(session: string, argv: readonly string[], o?: Options): Promise<Socket>;
  connect(): Promise<Monitor>;
}

export async function container(argv: readonly string[], o: Options = {}): Promise<TestContainer> {
  const folder = mkdtempSync(join(o.parent ?? tmpdir(), "inro-monitor-"));
  const log = join(o.logFolder ?? folder, "container.log");
  const socketFolder = join(folder, o.socketFolder ?? "");
  mkdirSync(socketFolder, { recursive: true });
  const address = { folder, socketFolder };
  const monitorOp: Op = {
    kind: "monitor",
    because,
    folder,
    socketFolder,
    log: o.log === false ? "" : log,
    maxSize: BigInt(o.maxSize ?? 10 * 1024 * 1024),
    maxFiles: o.maxFiles ?? 3,
    journal: "",
    exitFile: join(folder, "exit.json"),
    stdinOnce: o.stdinOnce ?? false,
    ...(o.memory !== undefined && { memory: o.memory }),
  };
  const plan = planOf(argv, { ...o, host: [...(o.host ?? []), monitorOp] });
  const executor = openExecutor(o.native ?? native);
  try {
    await executor.plan(plan);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
  const monitorPid = executor.pid;
  executor[Symbol.dispose]();
  const connect = async () => {
    const monitor = await connectMonitor(address);
    if (monitor === undefined) throw new Error("the monitor does not listen");
    return monitor;
  };
  const monitor = await connect();
  return {
    folder,
    socketFolder,
    log,
    plan,
    monitor,
    monitorPid,
    connect,
    start: async () => {
      const started = await monitor.start(plan);
      if (!started.runs) throw new Error(JSON.stringify(started.records.at(-1)));
    },
    logText: () => readIfThere(log),
    exec: async (session, execArgv, execOptions = {}) => {
      const request = {
        session,
        stdin: true,
        stdout: true,
        stderr: true,
        plan: planOf(execArgv, execOptions),
      };
      const { stream, records } = await monitor.exec(request);
      if (stream === null) throw new Error(JSON.stringify(records.at(-1)));
      return stream;
    },
    async [Symbol.asyncDispose]() {
      monitor.close();
      const last = await connectMonitor(address);
      await last?.signal(SIGKILL).catch(() => {});
      await last?.exited.catch(() => {});
      last?.close();
      await gone(monitorPid);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}

/** Waits for a process's end, at most two seconds; then it is killed, for no test may leave one behind. */
export async function gone(pid: number): Promise<void> {
  for (let i = 0; i < 100 && isAlive(pid); i++) await Bun.sleep(20);
  if (isAlive(pid)) process.kill(pid, "SIGKILL");
}

export const isAlive = (pid: number): boolean => !/^State:\tZ/m.test(statusOf(pid));

export function statusOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, "utf8");
  } catch {
    return "State:\tZ (gone)\n";
  }
}

/** Everything until the stream's end, which may have come already. */
export async function everything(stream: Socket): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of stream) pieces.push(piece);
  stream.end();
  return Buffer.concat(pieces);
}

/** Takes Docker's stream format apart; throws when a frame is not whole. */
export function unframe(bytes: Buffer): { stdout: string; stderr: string } {
  const streamed: Buffer[][] = [[], [], []];
  for (let at = 0; at < bytes.length; ) {
    const size = bytes.readUInt32BE(at + 4);
    if (at + 8 + size > bytes.length)
      throw new Error(`a frame of ${size} bytes is cut at ${bytes.length - at - 8}`);
    streamed[bytes.readUInt8(at)]?.push(bytes.subarray(at + 8, at + 8 + size));
    at += 8 + size;
  }
  const [, stdout = [], stderr = []] = streamed;
  return { stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() };
}

export async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (let i = 0; i < 500; i++) {
    if (await condition()) return;
    await Bun.sleep(20);
  }
  throw new Error(`it never came to pass: ${what}`);
}

export const sh = (script: string): string[] => ["/bin/sh", "-c", script];
export const all = { stdin: true, stdout: true, stderr: true, logs: false } as const;
export const isRoot = process.getuid?.() === 0;
