import { type BlockingChild, spawnBlocking } from "../../platform/spawn-blocking.ts";
import { decodeRecords } from "../plan/decode.ts";
import { encodeFrame } from "../plan/encode.ts";
import { FRAME_HEADER, FRAME_LIMIT, frames } from "../plan/frames.ts";
import type { Op } from "../plan/operations.ts";
import { emptyPlan, type Plan } from "../plan/plan.ts";
import type { OpRecord } from "../plan/record.ts";
import { executorLost, refused } from "./failure.ts";
import { readOutcome } from "./outcome.ts";

const NONE_FAILED = 0xffffffff;

/** An executor whose every answer is waited for in the kernel: for a command that does one thing and ends. */
export interface BlockingExecutor extends Disposable {
  readonly pid: number;
  /** Nothing after the first failure is executed, unless `stop` is false. A failure is in its record, not thrown. */
  batch(ops: readonly Op[], options?: { readonly stop: boolean }): readonly OpRecord[];
  /** To the start gate. Throws OperationFailed; then everything is undone. */
  plan(plan: Plan): { readonly pid: number };
  /** Opens the gate. Throws OperationFailed when the program cannot be started. */
  start(): void;
  /** After start(): how the program ended. Signals can be handled meanwhile. */
  ended(): Promise<{ readonly code: number; readonly signal: number }>;
  /** The same, and leaves the running program to whoever reaps orphans. */
  startAndLeave(): void;
  /** Leaves the child at its FIFO gate. Throws when that cannot be said: then nobody stands there. */
  detach(): void;
  /** Resolves when the process has ended; what stood at its gate is taken back. */
  close(): Promise<void>;
}

/** `passed`: the caller's descriptors that a plan with `passDescriptors` gives to the program. */
export function openBlockingExecutor(
  native: string,
  stdio: readonly [number, number, number],
  passed: readonly number[] = [],
): BlockingExecutor {
  const child = spawnBlocking(native, "inro-executor", stdio, passed);
  let request = 0;
  let executed: Plan = emptyPlan;
  const ask = (encode: (request: number) => Uint8Array): Buffer => {
    send(child, encode(++request));
    return answer(child);
  };
  return {
    pid: child.pid,
    batch: (ops, { stop } = { stop: true }) =>
      decodeRecords(
        ask((n) => encodeFrame("batch", n, { stop, ops })),
        { host: ops },
      ),
    plan: (plan) => {
      executed = plan;
      return outcome(
        ask((n) => encodeFrame("plan", n, { acts: plan })),
        plan,
      );
    },
    start: () => {
      outcome(
        ask((n) => encodeFrame("start", n, {})),
        executed,
      );
    },
    startAndLeave: () => {
      outcome(
        ask((n) => encodeFrame("startAndLeave", n, {})),
        executed,
      );
      child.read(1);
      child.close();
    },
    ended: async () => {
      await child.exited;
      const payload = answer(child);
      return { code: payload.readUInt32LE(4), signal: payload.readUInt32LE(8) };
    },
    detach: () => {
      ask((n) => encodeFrame("detach", n, {}));
      child.close();
    },
    close: async () => {
      child.hangUp();
      await child.exited;
    },
    [Symbol.dispose]: () => child.close(),
  };
}

function send(child: BlockingChild, frame: Uint8Array): void {
  try {
    child.write(frame);
  } catch {
    // EPIPE, ECONNRESET: nobody is left who would read it.
    throw executorLost();
  }
}

/** The payload of the next frame, which is never one that nobody asked for. */
function answer(child: BlockingChild): Buffer {
  const header = child.read(FRAME_HEADER);
  const length = header === undefined ? -1 : header.readUInt32LE(0) + 4 - FRAME_HEADER;
  if (header === undefined || length < 0 || length > FRAME_LIMIT) throw executorLost();
  const payload = length === 0 ? Buffer.alloc(0) : child.read(length);
  if (payload === undefined) throw executorLost();
  if (header.readUInt16LE(4) === frames.error.type) throw refused(payload);
  return payload;
}

/** Records are only decoded when they have a failure to tell. */
function outcome(payload: Buffer, plan: Plan): { pid: number } {
  return payload.readUInt32LE(4) === NONE_FAILED
    ? { pid: payload.readUInt32LE(0) }
    : readOutcome(payload, plan);
}
