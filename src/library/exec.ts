import { at, type Client } from "../client/client.ts";
import type { Inspected } from "./container.ts";
import { type Session, sessionOf } from "./session.ts";

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
  /** Of its terminal. */
  resize(size: TerminalSize): Promise<void>;
}

export interface TerminalSize {
  readonly rows: number;
  readonly columns: number;
}

/** Starts a program in a container. */
export async function spawn(
  client: Client,
  container: string,
  command: readonly string[],
  o: ExecOptions & { readonly tty?: boolean } = {},
): Promise<Process> {
  const { tty = false } = o;
  const { Id } = await client.json<{ Id: string }>({
    method: "POST",
    path: at`/containers/${container}/exec`,
    body: {
      ...{ Cmd: command, AttachStdin: true, AttachStdout: true, AttachStderr: true },
      ...{ Tty: tty, User: o.user, WorkingDir: o.workingDirectory, Privileged: o.privileged },
      Env: Object.entries(o.env ?? {}).map(([name, value]) => `${name}=${value}`),
    },
  });
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
  const resize = async ({ rows, columns }: TerminalSize) => {
    await client.json({ method: "POST", path: at`/exec/${Id}/resize`, query: { h: rows, w: columns } });
  };
  return { ...sessionOf(stream, tty), exitCode, resize };
}

/** Runs it to its end. */
export async function exec(process: Process, input: string | Uint8Array | undefined): Promise<ExecResult> {
  const fed = input === undefined ? Promise.resolve() : process.write(input);
  // A program that does not read its input is no failure.
  fed.then(() => process.end()).catch(() => {});
  const written = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] };
  for await (const { stream, bytes } of process) written[stream].push(bytes);
  const text = (parts: readonly Uint8Array[]) => Buffer.concat(parts).toString("utf8");
  return { code: await process.exitCode(), stdout: text(written.stdout), stderr: text(written.stderr) };
}
