import type { ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, globSync, readdirSync, readFileSync, readlinkSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { busyboxArchive } from "../engine/busybox.ts";
import { type Host, ownHost } from "../support/host.ts";
import { temporaryFolder } from "../support/temporary.ts";

const main = join(import.meta.dir, "../../src/main.ts");

/** A daemon as a process of its own, to be killed; over a data root of its own. */
export interface Daemon extends AsyncDisposable {
  readonly dataRoot: string;
  readonly execRoot: string;
  readonly socket: string;
  readonly pid: number;
  /** The network that it lives in: its own, gone with the test. */
  readonly host: Host & { readonly pid: number };
  /** Starts it (again), from the sources of this checkout or another; returns when it answers. */
  serve(main?: string): Promise<void>;
  /** Ends it by a signal; returns when it is gone. */
  end(signal: "SIGKILL" | "SIGTERM"): Promise<number | null>;
  /** One request of Docker's API; the answer's text, or an error that holds it. */
  ask(method: string, path: string, body?: unknown): Promise<string>;
  /** Creates and starts a busybox; its id. */
  run(change: Record<string, unknown>): Promise<string>;
  inspect(container: string): Promise<Inspected>;
}

export interface Inspected {
  readonly State: {
    readonly Status: string;
    readonly ExitCode: number;
    readonly Pid: number;
    readonly Error: string;
  };
}

export async function daemon(): Promise<Daemon> {
  using scope = new DisposableStack();
  const folder = scope.use(temporaryFolder("crash"));
  const [dataRoot, execRoot] = [join(folder.path, "data"), join(folder.path, "run")];
  const socket = join(execRoot, "inro.sock");
  const host = scope.use(await ownHost());
  let child: ChildProcess | undefined;
  scope.defer(() => void child?.kill("SIGKILL"));
  const ask = async (method: string, path: string, body?: unknown): Promise<string> => {
    const json = body instanceof Uint8Array ? body : JSON.stringify(body);
    const headers = { "content-type": body instanceof Uint8Array ? "application/x-tar" : "application/json" };
    const request = { method, unix: socket, ...(body === undefined ? {} : { body: json, headers }) };
    const answer = await fetch(`http://d${path}`, request as RequestInit);
    const text = await answer.text();
    if (answer.status >= 400) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text;
  };
  let kept: DisposableStack | undefined;
  const made: Daemon = {
    dataRoot,
    execRoot,
    socket,
    host,
    get pid() {
      return child?.pid ?? 0;
    },
    serve: async (from = main) => {
      const words = ["serve", "--data-root", dataRoot, "--exec-root", execRoot];
      const started = host.spawn(process.execPath, [from, ...words], {
        stdio: ["ignore", "inherit", "inherit"],
      });
      child = started;
      // The socket of a killed daemon is still there and answers nothing.
      for (let tries = 0; pidIn(join(execRoot, "inro.pid")) !== started.pid; tries++) {
        if (tries > 1000 || started.exitCode !== null) throw new Error("the daemon does not answer");
        await Bun.sleep(10);
      }
    },
    end: async (signal) => {
      const ending = child;
      child = undefined;
      if (ending === undefined) return null;
      const ended = new Promise<number | null>((resolve) => ending.once("exit", resolve));
      ending.kill(signal);
      return ended;
    },
    ask,
    run: async (change) => {
      const { Id } = JSON.parse(await ask("POST", "/containers/create", { Image: "busybox", ...change }));
      await ask("POST", `/containers/${Id}/start`);
      return Id;
    },
    inspect: async (container) => JSON.parse(await ask("GET", `/containers/${container}/json`)),
    [Symbol.asyncDispose]: async () => {
      if (child === undefined) await made.serve();
      for (const { Id } of JSON.parse(await ask("GET", "/containers/json?all=1")))
        await ask("DELETE", `/containers/${Id}?force=1&v=1`);
      await made.end("SIGTERM");
      for (const cgroup of cgroupsOf(dataRoot)) rmdirSync(cgroup);
      kept?.dispose();
    },
  };
  await made.serve();
  await ask("POST", "/images/load", busyboxArchive());
  kept = scope.move();
  return made;
}

/** The text of a container's log, without the frames' headers. */
export async function logOf(d: Daemon, id: string): Promise<string> {
  const bytes = Buffer.from(await d.ask("GET", `/containers/${id}/logs?stdout=1&stderr=1`));
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUInt32BE(at + 4);
    parts.push(bytes.subarray(at + 8, at + 8 + length));
    at += 8 + length;
  }
  return Buffer.concat(parts).toString();
}

/** What `system check` finds wrong; without what it has checked. */
export async function findings(d: Daemon): Promise<readonly unknown[]> {
  const lines = (await d.ask("POST", "/system/check")).trim().split("\n");
  return lines.map((line) => JSON.parse(line)).filter((line) => !("Checked" in line));
}

function pidIn(path: string): number {
  return existsSync(path) ? Number(readFileSync(path, "utf8")) : 0;
}

/** The cgroups of an engine's containers, and the engine's own, deepest first. */
export function cgroupsOf(dataRoot: string): string[] {
  const parent = `inro-${createHash("sha256").update(dataRoot).digest("hex").slice(0, 8)}`;
  return globSync(`/sys/fs/cgroup/{,*/}${parent}{,/*/}`)
    .filter((path) => existsSync(join(path, "cgroup.procs")))
    .map((path) => path.replace(/\/$/, ""))
    .sort()
    .reverse();
}

/** Monitors and executors that hold something of a data root. */
export function nativesOf(dataRoot: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^[0-9]+$/.test(name))
    .map(Number)
    .filter(
      (pid) =>
        commandOf(pid) === "inro-executor" &&
        ["containers", "steps"].some((folder) => opens(pid, `${dataRoot}/${folder}`)),
    );
}

function commandOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0")[0];
  } catch {
    return undefined;
  }
}

function opens(pid: number, folder: string): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => linkOf(pid, fd).startsWith(folder));
  } catch {
    return false;
  }
}

function linkOf(pid: number, fd: string): string {
  try {
    return readlinkSync(`/proc/${pid}/fd/${fd}`);
  } catch {
    return "";
  }
}
