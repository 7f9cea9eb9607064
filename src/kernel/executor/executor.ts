import type { Socket } from "node:net";
import { spawnWired, type Wired } from "../../platform/spawn-wired.ts";
import { decodeRecords, FrameCutter } from "../plan/decode.ts";
import { encodeFrame } from "../plan/encode.ts";
import { frames } from "../plan/frames.ts";
import type { Op } from "../plan/operations.ts";
import { emptyPlan, type Plan } from "../plan/plan.ts";
import type { OpRecord } from "../plan/record.ts";
import { executorLost, refused } from "./failure.ts";
import { readOutcome } from "./outcome.ts";

/** A native process that executes batches and then one plan. Disposing of it gives up what has no monitor yet. */
export interface Executor extends Disposable {
  readonly pid: number;
  /**
   * One record for each operation that was executed; slots that they define stay. Nothing after the first failure is
   * executed, unless `stop` is false. A failure is in its record, not thrown.
   */
  batch(ops: readonly Op[], options?: { readonly stop: boolean }): Promise<readonly OpRecord[]>;
  /** To the start gate. Throws OperationFailed; then everything is undone. */
  plan(plan: Plan): Promise<{ readonly pid: number; readonly records: readonly OpRecord[] }>;
  /** Opens the gate of a plan without a monitor. Throws OperationFailed when the program cannot be started. */
  start(): Promise<readonly OpRecord[]>;
  /** After start(): how the program ended. */
  readonly ended: Promise<{ readonly code: number; readonly signal: number }>;
  /** The wire itself, once the process is the container's monitor: nothing of it is read here any more. */
  release(): Socket;
  /** Resolves when the process has ended. */
  close(): Promise<void>;
}

interface Answer {
  readonly type: number;
  readonly payload: Buffer;
}

/**
 * Starts one from the native program's path. Descriptors for its standard streams are for plans with `inheritStdio`;
 * default: none.
 */
export function openExecutor(
  native: string,
  stdio: readonly [number, number, number] | "ignore" = "ignore",
): Executor {
  return connectExecutor(spawnWired(native, "inro-executor", stdio));
}

/** The same over a process that was started otherwise. */
export const connectExecutor = (wired: Wired): Executor => new Client(wired);

class Client implements Executor {
  readonly #wired: Wired;
  readonly #cutter = new FrameCutter();
  readonly #waiting = new Map<number, PromiseWithResolvers<Answer>>();
  readonly #ended = Promise.withResolvers<{ code: number; signal: number }>();
  #request = 0;
  #plan: Plan = emptyPlan;
  #gone: Error | undefined;

  constructor(wired: Wired) {
    this.#wired = wired;
    this.#ended.promise.catch(() => {});
    wired.socket.on("data", this.#receive);
    wired.socket.on("error", this.#lose);
    wired.socket.on("end", this.#lose);
    wired.socket.on("close", this.#lose);
  }

  get pid(): number {
    return this.#wired.pid;
  }

  get ended(): Promise<{ code: number; signal: number }> {
    return this.#ended.promise;
  }

  readonly #receive = (chunk: Buffer): void => {
    for (const { type, request, payload } of this.#cutter.push(chunk)) {
      if (type === frames.exited.type) {
        this.#ended.resolve({ code: payload.readUInt32LE(4), signal: payload.readUInt32LE(8) });
        continue;
      }
      this.#waiting.get(request)?.resolve({ type, payload });
      this.#waiting.delete(request);
    }
  };

  readonly #lose = (): void => {
    this.#gone ??= executorLost();
    for (const { reject } of this.#waiting.values()) reject(this.#gone);
    this.#waiting.clear();
    this.#ended.reject(this.#gone);
  };

  async #ask(encode: (request: number) => Uint8Array): Promise<Answer> {
    if (this.#gone !== undefined) throw this.#gone;
    const request = ++this.#request;
    const bytes = encode(request);
    const answer = Promise.withResolvers<Answer>();
    this.#waiting.set(request, answer);
    this.#wired.socket.write(bytes);
    const got = await answer.promise;
    if (got.type === frames.error.type) throw refused(got.payload);
    return got;
  }

  async batch(ops: readonly Op[], { stop } = { stop: true }): Promise<readonly OpRecord[]> {
    const { payload } = await this.#ask((request) => encodeFrame("batch", request, { stop, ops }));
    return decodeRecords(payload, { host: ops });
  }

  async plan(plan: Plan): Promise<{ pid: number; records: readonly OpRecord[] }> {
    this.#plan = plan;
    const answer = await this.#ask((request) => encodeFrame("plan", request, { acts: plan }));
    return readOutcome(answer.payload, plan);
  }

  async start(): Promise<readonly OpRecord[]> {
    const answer = await this.#ask((request) => encodeFrame("start", request, {}));
    return readOutcome(answer.payload, this.#plan).records;
  }

  release(): Socket {
    const { socket } = this.#wired;
    for (const event of ["data", "error", "end", "close"]) socket.removeAllListeners(event);
    socket.pause();
    this.#gone = executorLost();
    return socket;
  }

  async close(): Promise<void> {
    this[Symbol.dispose]();
    await this.#wired.exited;
  }

  [Symbol.dispose](): void {
    if (this.#gone === undefined) this.#wired.socket.destroy();
  }
}
