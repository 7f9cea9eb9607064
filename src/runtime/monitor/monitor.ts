import type { Socket } from "node:net";
import type { Executed } from "../../kernel/plan/decode.ts";
import { encodeFrame, type FrameValues } from "../../kernel/plan/encode.ts";
import { type FrameName, MONITOR_VERSION } from "../../kernel/plan/frames.ts";
import type { Plan } from "../../kernel/plan/plan.ts";
import { InroError } from "../../oci/error.ts";
import type { Exit } from "../../oci/exit.ts";
import type { AttachRequest, NameHandler, WindowSize } from "../runtime.ts";
import { exitOf, expectAnswer, type SessionState, type Started, startedOf, stateOf } from "./answers.ts";
import { connectSocket, isGone } from "./connect.ts";
import { type Connection, connectionLost, openConnection } from "./connection.ts";
import { readExit } from "./exits.ts";
import { readFrame } from "./handshake.ts";
import { type NameService, serveNames } from "./names.ts";
import { type Answer, decodeAnswer } from "./wire.ts";

/** Where a container's monitor is met, and where it writes down how its sessions ended. */
export interface MonitorAddress {
  readonly socketFolder: string;
  readonly folder: string;
}

export interface ExecStart {
  readonly session: string;
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly plan: Plan;
}

/** A container's monitor. Sessions are named by their exec id; "" is the container's own process. */
export interface Monitor {
  readonly pid: number;
  /** How the container's process ended. Rejects with MONITOR_LOST when its monitor was killed, and it with it. */
  readonly exited: Promise<Exit>;
  state(session?: string): Promise<SessionState>;
  /** `plan`: the container's own, of which the records tell. */
  start(plan: Executed): Promise<Started>;
  signal(number: number, session?: string): Promise<void>;
  resize(size: WindowSize, session?: string): Promise<void>;
  closeStdin(session?: string): Promise<void>;
  /** For a caller that rotates the log itself. */
  reopenLog(): Promise<void>;
  /** Removes what the log holds; who reads it still gets to the end of what was there. */
  clearLog(): Promise<void>;
  /** The container's stream: Docker-framed, raw for a terminal; what is written is its stdin, half-close ends it. */
  attach(request: AttachRequest): Promise<Socket>;
  /** The stream is null when the program could not be started. */
  exec(request: ExecStart): Promise<Started & { readonly stream: Socket | null }>;
  wait(session: string): Promise<Exit>;
  /**
   * Answers the container's DNS queries, on a connection of their own, until `close`. Returns when the first has come, or none
   * can any more.
   */
  serveNames(names: NameHandler): Promise<void>;
  /**
   * How many out-of-memory kills there were in the container, as soon as there are more than `known`. Undefined: this monitor
   * tells of none any more.
   */
  awaitKills(known: number): Promise<number | undefined>;
  /** Lets go of the monitor; the container runs on. `exited` stays pending then. */
  close(): void;
}

interface Greeted {
  readonly socket: Socket;
  readonly pid: number;
  /** Of its wire. */
  readonly version: number;
}

/** A new connection whose HELLO was read. Undefined: there is no monitor. */
async function greet(address: MonitorAddress): Promise<Greeted | undefined> {
  try {
    const socket = await connectSocket(address.socketFolder);
    const frame = await readFrame(socket);
    if (frame === undefined) {
      socket.destroy();
      return undefined;
    }
    const { name, values } = decodeAnswer(frame);
    if (name === "hello")
      return { socket, pid: values["pid"] as number, version: values["version"] as number };
    socket.destroy();
    throw new InroError("PROTOCOL_ERROR", {
      what: "cannot talk to the container's monitor",
      why: "it did not say its version",
    });
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/** One question on a connection of its own, which becomes a stream with the answer. */
async function openStream(
  address: MonitorAddress,
  name: "attach" | "exec",
  request: Uint8Array,
): Promise<{ socket: Socket; answer: Answer }> {
  const greeted = await greet(address);
  if (greeted === undefined) throw connectionLost();
  const { socket } = greeted;
  socket.write(request);
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
    answer = decodeAnswer(await connection.ask((request) => encodeFrame("wait", request, { session })));
  } catch {
    return await readExit(address.folder, session);
  }
  return answer.name === "exited" ? exitOf(answer) : await readExit(address.folder, session);
}

function unlessLost(cause: unknown): undefined {
  if (!(cause instanceof InroError) || cause.code !== "CONNECTION_LOST") throw cause;
}

/** A monitor of another version understands all but what carries operations (frames.ts). MONITOR_VERSION */
function checkVersion(version: number, what: string): void {
  if (version === MONITOR_VERSION) return;
  throw new InroError("MONITOR_VERSION", {
    what,
    why: `another version of inro has started it: its monitor speaks version ${version}, this is version ${MONITOR_VERSION}`,
    hint: "restart the container; until then it can be looked at, attached to, signalled and stopped",
  });
}

/** Meets a container's monitor. Undefined: there is none (any more); its exit file may tell how the container ended. */
export async function connectMonitor(address: MonitorAddress): Promise<Monitor | undefined> {
  const greeted = await greet(address);
  if (greeted === undefined) return undefined;
  const { version } = greeted;
  const connection = openConnection(greeted.socket);
  let isClosed = false;
  let names: NameService | undefined;
  const ask = async <N extends FrameName>(name: N, values: FrameValues<N>, what: string) =>
    expectAnswer(decodeAnswer(await connection.ask((request) => encodeFrame(name, request, values))), what);
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
    state: async (session = "") =>
      stateOf(await ask("state", { session }, "cannot ask for the container's state")),
    start: async (plan) => {
      checkVersion(version, "cannot start the container");
      return startedOf(await ask("start", {}, "cannot start the container"), plan);
    },
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
    clearLog: async () => {
      await ask("clearLog", {}, "cannot clear the log");
    },
    attach: async ({ stdin, stdout, stderr, logs }) => {
      const request = encodeFrame("attach", 1, { session: "", stdin, stdout, stderr, logs });
      return (await openStream(address, "attach", request)).socket;
    },
    exec: async ({ session, stdin, stdout, stderr, plan }) => {
      checkVersion(version, "cannot exec in the container");
      const request = encodeFrame("exec", 1, { session, stdin, stdout, stderr, acts: plan });
      const { socket, answer } = await openStream(address, "exec", request);
      const started = startedOf(answer, plan);
      if (started.runs) return { ...started, stream: socket };
      socket.destroy();
      return { ...started, stream: null };
    },
    serveNames: async (handler) => {
      // A container that never asks costs no connection.
      const asked = ask("awaitNames", {}, "cannot wait for the container's DNS queries");
      if ((await asked.catch(unlessLost)) === undefined) return;
      const service = await greet(address);
      if (service === undefined) return;
      names = serveNames(service.socket, handler);
      if (isClosed) names.close();
    },
    awaitKills: async (known) => {
      // An error: it counts none, or is older than this frame.
      const answer = await connection
        .ask((request) => encodeFrame("awaitKills", request, { known }))
        .then(decodeAnswer)
        .catch(unlessLost);
      return answer?.name === "kills" ? (answer.values["count"] as number) : undefined;
    },
    close() {
      isClosed = true;
      names?.close();
      connection.close();
    },
  };
}
