import { ApiError, at, type Client, collect } from "../client/client.ts";
import { bracketed } from "../oci/address.ts";
import { type ContainerEdit, type Edited, edit } from "./edit.ts";
import { type ExecOptions, type ExecResult, exec, type Process, spawn, type TerminalSize } from "./exec.ts";
import { framed, type Line, linesOf, type Output, unframed } from "./frames.ts";
import { nameAndTag } from "./names.ts";
import { type Session, sessionOf } from "./session.ts";
import { type ContainerSettings, settingsBody } from "./spec.ts";

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

export interface ProcessTable {
  readonly titles: readonly string[];
  readonly processes: readonly (readonly string[])[];
}

export interface FileChange {
  readonly path: string;
  readonly kind: "modified" | "added" | "deleted";
}

export interface CommitOptions {
  /** `name:tag`; without it, it has none. */
  readonly name?: string;
  readonly message?: string;
  readonly author?: string;
  /** Instructions of a Dockerfile: `CMD ["web"]`. */
  readonly changes?: readonly string[];
  /** It stands still meanwhile, unless this is false. */
  readonly pause?: boolean;
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
  /** Makes it another, with its files and volumes: at once what can be, all else by starting it again; all or nothing. */
  edit(change: ContainerEdit, o?: { readonly dryRun?: boolean }): Promise<Edited>;
  /** Limits and restart policy alone, as Docker's engine has it too. */
  update(limits: Pick<ContainerSettings, "memory" | "cpus" | "pidsLimit" | "restart">): Promise<void>;
  /** Forgets what it wrote until now. */
  clearLog(): Promise<void>;
  /** Its processes, as `ps -ef` prints them. */
  top(): Promise<ProcessTable>;
  /** What it changed in its image's files. */
  changes(): Promise<readonly FileChange[]>;
  /** An image of what it is now; answers its id. */
  commit(o?: CommitOptions): Promise<string>;
  /** Of its terminal. */
  resize(size: TerminalSize): Promise<void>;
  /** What its start did, operation by operation, as people read it. */
  explain(): Promise<string>;
  /** A record of its use of the machine each second. */
  stats(): AsyncGenerator<Inspected, void>;
  /** Its paths that a pattern means, as glob(7) has them. */
  glob(pattern: string): Promise<readonly string[]>;
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

  return {
    id,
    warnings,
    inspect,
    output,
    spawn: (command, o) => spawn(client, id, command, o),
    async exec(command, { input, ...o } = {}) {
      await using process = await spawn(client, id, command, o);
      return await exec(process, input);
    },
    edit: (change, { dryRun = false } = {}) => edit(client, id, change, dryRun),
    async update(limits) {
      const { HostConfig: body } = settingsBody(limits);
      await client.json({ method: "POST", path: at`/containers/${id}/update`, body });
    },
    async clearLog() {
      await client.json({ method: "DELETE", path: at`/inro/containers/${id}/logs` });
    },
    async top() {
      const path = at`/containers/${id}/top`;
      const { Titles, Processes } = await client.json<Inspected>({ method: "GET", path });
      return { titles: Titles, processes: Processes };
    },
    async changes() {
      const path = at`/containers/${id}/changes`;
      const kinds = ["modified", "added", "deleted"] as const;
      const found = await client.json<{ Path: string; Kind: 0 | 1 | 2 }[] | null>({ method: "GET", path });
      return (found ?? []).map(({ Path, Kind }) => ({ path: Path, kind: kinds[Kind] }));
    },
    async commit({ name = "", message, author, changes, pause = true } = {}) {
      const [repo, tag] = nameAndTag(name);
      const query = { container: id, repo, tag, comment: message, author, changes, pause: pause ? "1" : "0" };
      return (await client.json<Inspected>({ method: "POST", path: "/commit", query, body: {} })).Id;
    },
    resize: ({ rows, columns }) => post("resize", { h: rows, w: columns }),
    async explain() {
      const path = at`/inro/containers/${id}/explain`;
      return (await client.json<Inspected>({ method: "GET", path })).printed;
    },
    async glob(pattern) {
      const path = at`/inro/containers/${id}/glob`;
      const found = await client.json<Inspected>({ method: "GET", path, query: { pattern } });
      return found.Paths;
    },
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
