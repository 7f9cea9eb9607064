import type { Socket } from "node:net";
import { MONITOR_VERSION } from "../../kernel/plan/frames.ts";
import { InroError } from "../../oci/error.ts";
import type { Exit } from "../../oci/exit.ts";
import type { AttachRequest, WindowSize } from "../runtime.ts";
import { connectSocket, isGone } from "./connect.ts";
import { type Connection, connectionLost, openConnection } from "./connection.ts";
import { readExit } from "./exits.ts";
import { readFrame } from "./handshake.ts";
import { type Answer, decodeAnswer, encodeRequest } from "./wire.ts";

/** Where a container's monitor is met, and where it writes down how its sessions ended. */
export interface MonitorAddress {
  readonly socketFolder: string;
  readonly folder: string;
}

/** `created`: at its start gate; `ended`: gone, its output is being drained; `recorded`: its exit file is written. */
export type SessionStatus = "unknown" | "created" | "running" | "ended" | "recorded";

export interface SessionState {
  readonly status: SessionStatus;
  readonly pid: number;
  /** Nanoseconds since 1970; 0n: not started. */
  readonly startedAt: bigint;
  readonly terminal: boolean;
}

/** The records of the operations that a start or exec executed, as they came over the wire. */
export interface Started {
  readonly pid: number;
  /** The number of the operation that failed, over all acts in order; null: the program runs. */
  readonly failed: number | null;
  readonly records: Uint8Array;
}

export interface ExecStart {
  readonly session: string;
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** The plan's acts as they go over the wire. */
  readonly acts: Uint8Array;
}

/** A container's monitor. Sessions are named by their exec id; "" is the container's own process. */
export interface Monitor {
  readonly pid: number;
  /** How the container's process ended. Rejects with MONITOR_LOST when its monitor was killed, and it with it. */
  readonly exited: Promise<Exit>;
  state(session?: string): Promise<SessionState>;
  start(): Promise<Started>;
  signal(number: number, session?: string): Promise<void>;
  resize(size: WindowSize, session?: string): Promise<void>;
  closeStdin(session?: string): Promise<void>;
  /** For a caller that rotates the log itself. */
  reopenLog(): Promise<void>;
  /** The container's stream: Docker-framed, raw for a terminal; what is written is its stdin, half-close ends it. */
  attach(request: AttachRequest): Promise<Socket>;
  /** The stream is null when the program could not be started. */
  exec(request: ExecStart): Promise<Started & { readonly stream: Socket | null }>;
  wait(session: string): Promise<Exit>;
  /** Lets go of the monitor; the container runs on. `exited` stays pending then. */
  close(): void;
}

const STATUS: readonly SessionStatus[] = ["unknown", "created", "running", "ended", "recorded"];
const NONE_FAILED = 0xffffffff;

type Values = Readonly<Record<string, string | number | boolean | Uint8Array>>;

/** A new connection whose HELLO was read. Undefined: there is no monitor. */
async function greet(address: MonitorAddress): Promise<{ socket: Socket; pid: number } | undefined> {
  try {
    const socket = await connectSocket(address.socketFolder);
    const frame = await readFrame(socket);
    if (frame === undefined) {
      socket.destroy();
      return undefined;
    }
    const { name, values } = decodeAnswer(frame);
    if (name === "hello" && values["version"] === MONITOR_VERSION) {
      return { socket, pid: values["pid"] as number };
    }
    socket.destroy();
    throw new InroError("MONITOR_VERSION", {
      what: "cannot talk to the container's monitor",
      why: `it speaks version ${String(values["version"])}, this is version ${MONITOR_VERSION}`,
      hint: "it was started by another version of inro: stop the container with that one, or restart it",
    });
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/** Throws what an ERROR answer says. */
function expectAnswer(answer: Answer, what: string): Answer {
  if (answer.name !== "error") return answer;
  const { errno, text } = answer.values;
  const code = errno === 3 ? "NOT_RUNNING" : errno === 2 ? "NO_SUCH_SESSION" : "MONITOR_REFUSED";
  throw new InroError(code, { what, why: `${String(text)} (errno ${String(errno)})` });
}

function startedOf({ values }: Answer): Started {
  const failed = values["failed"] as number;
  return {
    pid: values["pid"] as number,
    failed: failed === NONE_FAILED ? null : failed,
    records: values["records"] as Uint8Array,
  };
}

function exitOf({ values }: Answer): Exit {
  return {
    code: values["code"] as number,
    signal: values["signal"] as number,
    oomKilled: values["oomKilled"] as boolean,
    startedAt: values["startedAt"] as bigint,
    finishedAt: values["finishedAt"] as bigint,
    lostBytes: Number(values["lostBytes"]),
  };
}

/** One question on a connection of its own, which becomes a stream with the answer. */
async function openStream(
  address: MonitorAddress,
  name: "attach" | "exec",
  values: Values,
): Promise<{ socket: Socket; answer: Answer }> {
  const greeted = await greet(address);
  if (greeted === undefined) throw connectionLost();
  const { socket } = greeted;
  socket.write(encodeRequest(name, 1, values));
  try {
    const frame = await readFrame(socket);
    if (frame === undefined) throw connectionLost();
    return { socket, answer: expectAnswer(decodeAnswer(frame), `cannot ${name}`) };
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** WAIT; when the monitor has gone, or does not know the session any more, what it wrote down. */
async function waitFor(connection: Connection, address: MonitorAddress, session: string): Promise<Exit> {
  let answer: Answer;
  try {
    answer = decodeAnswer(await connection.ask((request) => encodeRequest("wait", request, { session })));
  } catch {
    return await readExit(address.folder, session);
  }
  return answer.name === "exited" ? exitOf(answer) : await readExit(address.folder, session);
}

/** Meets a container's monitor. Undefined: there is none (any more); its exit file may tell how the container ended. */
export async function connectMonitor(address: MonitorAddress): Promise<Monitor | undefined> {
  const greeted = await greet(address);
  if (greeted === undefined) return undefined;
  const connection = openConnection(greeted.socket);
  let isClosed = false;
  const ask = async (name: Parameters<typeof encodeRequest>[0], values: Values, what: string) =>
    expectAnswer(decodeAnswer(await connection.ask((request) => encodeRequest(name, request, values))), what);
  const wait = async (session: string) => {
    const exit = waitFor(connection, address, session);
    // Closing is no news about the container.
    return await exit.catch((error) => (isClosed ? new Promise<never>(() => {}) : Promise.reject(error)));
  };
  const exited = wait("");
  exited.catch(() => {});
  return {
    pid: greeted.pid,
    exited,
    wait,
    state: async (session = "") => {
      const { values } = await ask("state", { session }, "cannot ask for the container's state");
      return {
        status: STATUS[values["state"] as number] ?? "unknown",
        pid: values["pid"] as number,
        startedAt: values["startedAt"] as bigint,
        terminal: values["terminal"] as boolean,
      };
    },
    start: async () => startedOf(await ask("start", {}, "cannot start the container")),
    signal: async (signal, session = "") => {
      await ask("signal", { session, signal }, `cannot send signal ${signal}`);
    },
    resize: async ({ rows, columns }, session = "") => {
      await ask("resize", { session, rows, columns }, "cannot resize the terminal");
    },
    closeStdin: async (session = "") => {
      await ask("closeStdin", { session }, "cannot close stdin");
    },
    reopenLog: async () => {
      await ask("reopenLog", {}, "cannot reopen the log");
    },
    attach: async ({ stdin, stdout, stderr, logs }) =>
      (await openStream(address, "attach", { session: "", stdin, stdout, stderr, logs })).socket,
    exec: async ({ session, stdin, stdout, stderr, acts }) => {
      const { socket, answer } = await openStream(address, "exec", { session, stdin, stdout, stderr, acts });
      const started = startedOf(answer);
      if (started.failed === null) return { ...started, stream: socket };
      socket.destroy();
      return { ...started, stream: null };
    },
    close() {
      isClosed = true;
      connection.close();
    },
  };
}
