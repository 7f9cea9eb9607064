import { ApiError, at, type Client, collect } from "../client/client.ts";
import { bracketed } from "../oci/address.ts";
import { framed, type Line, linesOf, type Output, unframed } from "./frames.ts";
import { type Session, sessionOf } from "./session.ts";

/** The API's own record: `inspect` of a container, image, volume or network. */
// biome-ignore lint/suspicious/noExplicitAny: its shape is the API's, and grows with it.
export type Inspected = any;

export interface Exit {
  readonly code: number;
  /** Why it could not run; empty otherwise. */
  readonly error: string;
}

export interface LogOptions {
  /** Goes on until the container ends. */
  readonly follow?: boolean;
  /** How many of the last lines; all without it. */
  readonly tail?: number;
  readonly since?: Date;
  readonly until?: Date;
}

export interface ExecOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly user?: string;
  readonly workingDirectory?: string;
  readonly privileged?: boolean;
}

export interface ExecResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program beside the container's own. */
export interface Process extends Session {
  /** Once it has ended. */
  exitCode(): Promise<number>;
}

/** One container; `await using` removes it at the end of the scope, whether it runs or not. */
export interface Container extends AsyncDisposable {
  readonly id: string;
  /** What the engine had to say when it was made. */
  readonly warnings: readonly string[];
  start(): Promise<void>;
  /** Seconds until it is killed; its own without them. */
  stop(o?: { readonly timeout?: number; readonly signal?: string }): Promise<void>;
  restart(o?: { readonly timeout?: number }): Promise<void>;
  kill(signal?: string): Promise<void>;
  pause(): Promise<void>;
  unpause(): Promise<void>;
  rename(name: string): Promise<void>;
  /** Its end: at once where it does not run. */
  wait(): Promise<Exit>;
  inspect(): Promise<Inspected>;
  remove(o?: { readonly force?: boolean; readonly volumes?: boolean }): Promise<void>;
  /** What it wrote, line by line. */
  logs(o?: LogOptions): AsyncGenerator<Line, void>;
  /** The same in bytes. */
  output(o?: LogOptions): AsyncGenerator<Output, void>;
  /** Its streams while it runs, with its standard input. */
  attach(): Promise<Session>;
  /** Runs a program in it to its end. */
  exec(
    command: readonly string[],
    o?: ExecOptions & { readonly input?: string | Uint8Array },
  ): Promise<ExecResult>;
  /** Runs a program in it and hands out its streams. */
  spawn(command: readonly string[], o?: ExecOptions & { readonly tty?: boolean }): Promise<Process>;
  /** A record of its use of the machine each second. */
  stats(): AsyncGenerator<Inspected, void>;
  /** A file or folder as a tar. */
  get(path: string): AsyncGenerator<Uint8Array, void>;
  /** Unpacks a tar into a folder. */
  put(path: string, tar: AsyncIterable<Uint8Array>): Promise<void>;
  /** All its files as a tar. */
  export(): AsyncGenerator<Uint8Array, void>;
  /** The published ports: `{ "80/tcp": ["127.0.0.1:32768"] }`. */
  ports(): Promise<Readonly<Record<string, readonly string[]>>>;
}

const seconds = (time: Date | undefined) => (time === undefined ? undefined : time.getTime() / 1000);

export function containerOf(client: Client, id: string, warnings: readonly string[] = []): Container {
  const post = async (verb: string, query: Record<string, string | number | undefined> = {}) => {
    const path = at`/containers/${id}/` + verb;
    await client.json({ method: "POST", path, query, expected: [304] });
  };
  const inspect = () => client.json<Inspected>({ method: "GET", path: at`/containers/${id}/json` });
  const isTerminal = async () => (await inspect()).Config.Tty === true;
  const bytes = async function* (path: string, query = {}) {
    yield* (await client.send({ method: "GET", path, query })).body;
  };

  const output = async function* (o: LogOptions = {}): AsyncGenerator<Output, void> {
    const query = {
      ...{ stdout: true, stderr: true, follow: o.follow ?? false, tail: o.tail },
      ...{ since: seconds(o.since), until: seconds(o.until) },
    };
    const read = (await isTerminal()) ? unframed : framed;
    yield* read(bytes(at`/containers/${id}/logs`, query));
  };

  const spawn: Container["spawn"] = async (command, o = {}) => {
    const { Id } = await client.json<{ Id: string }>({
      method: "POST",
      path: at`/containers/${id}/exec`,
      body: {
        ...{ Cmd: command, AttachStdin: true, AttachStdout: true, AttachStderr: true },
        ...{ Tty: o.tty ?? false, User: o.user, WorkingDir: o.workingDirectory, Privileged: o.privileged },
        Env: Object.entries(o.env ?? {}).map(([name, value]) => `${name}=${value}`),
      },
    });
    const tty = o.tty ?? false;
    const body = { Detach: false, Tty: tty };
    const stream = await client.hijack({ method: "POST", path: at`/exec/${Id}/start`, body });
    const exitCode = async () => {
      // The end of the streams may come a moment before the exit is known.
      for (let pause = 1; ; pause = Math.min(pause * 2, 100)) {
        const { Running, ExitCode } = await client.json<Inspected>({
          method: "GET",
          path: at`/exec/${Id}/json`,
        });
        if (!Running && ExitCode !== null) return ExitCode as number;
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    };
    return { ...sessionOf(stream, tty), exitCode };
  };

  return {
    id,
    warnings,
    inspect,
    output,
    spawn,
    start: () => post("start"),
    stop: ({ timeout, signal } = {}) => post("stop", { t: timeout, signal }),
    restart: ({ timeout } = {}) => post("restart", { t: timeout }),
    kill: (signal) => post("kill", { signal }),
    pause: () => post("pause"),
    unpause: () => post("unpause"),
    rename: (name) => post("rename", { name }),
    async wait() {
      const ended = await client.json<Inspected>({ method: "POST", path: at`/containers/${id}/wait` });
      return { code: ended.StatusCode, error: ended.Error?.Message ?? "" };
    },
    async remove({ force = false, volumes = false } = {}) {
      await client.json({ method: "DELETE", path: at`/containers/${id}`, query: { force, v: volumes } });
    },
    logs: (o) => linesOf(output(o)),
    async attach() {
      const tty = await isTerminal();
      const query = { stream: true, stdin: true, stdout: true, stderr: true };
      return sessionOf(
        await client.hijack({ method: "POST", path: at`/containers/${id}/attach`, query }),
        tty,
      );
    },
    async exec(command, { input, ...o } = {}) {
      await using process = await spawn(command, o);
      const fed = input === undefined ? Promise.resolve() : process.write(input);
      // A program that does not read its input is no failure.
      fed.then(() => process.end()).catch(() => {});
      const written = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] };
      for await (const { stream, bytes } of process) written[stream].push(bytes);
      const text = (parts: readonly Uint8Array[]) => Buffer.concat(parts).toString("utf8");
      return { code: await process.exitCode(), stdout: text(written.stdout), stderr: text(written.stderr) };
    },
    stats: () => client.values({ method: "GET", path: at`/containers/${id}/stats`, query: { stream: true } }),
    get: (path) => bytes(at`/containers/${id}/archive`, { path }),
    async put(path, tar) {
      const sent = {
        method: "PUT",
        path: at`/containers/${id}/archive`,
        query: { path },
        stream: tar,
      } as const;
      await collect((await client.send(sent)).body);
    },
    export: () => bytes(at`/containers/${id}/export`),
    async ports() {
      const { Ports } = (await inspect()).NetworkSettings as {
        Ports: Record<string, { HostIp: string; HostPort: string }[] | null>;
      };
      const named = Object.entries(Ports).map(([port, to]) => [port, (to ?? []).map(addressOf)] as const);
      return Object.fromEntries(named);
    },
    [Symbol.asyncDispose]: async () => {
      const query = { force: true, v: true };
      await client.json({ method: "DELETE", path: at`/containers/${id}`, query }).catch((error: unknown) => {
        // Gone already, or on its way (autoRemove).
        if (!(error instanceof ApiError && [404, 409].includes(error.status))) throw error;
      });
    },
  };
}

const addressOf = ({ HostIp, HostPort }: { HostIp: string; HostPort: string }): string =>
  `${bracketed(HostIp)}:${HostPort}`;
