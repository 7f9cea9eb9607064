import { spawnWired, type Wired } from "../../platform/spawn-wired.ts";
import { adoptUnix } from "../../platform/unix-stream.ts";
import { decodeRecords } from "../plan/decode.ts";
import type { Op } from "../plan/operations.ts";
import { emptyPlan, type Plan } from "../plan/plan.ts";
import type { OpRecord } from "../plan/record.ts";
import { readOutcome } from "./outcome.ts";
import { type ProgramEnd, Talk } from "./talk.ts";

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
  /** The same for a program in the caller's foreground: its signals are passed on, and `terminal` is shown on its own. */
  attend(terminal: boolean): Promise<void>;
  /** After start() or attend(): how the program ended. What it left has been taken back. */
  readonly ended: Promise<ProgramEnd>;
  /** As start(), and leaves the running program to whoever reaps orphans. */
  startAndLeave(): Promise<void>;
  /** Leaves the child at its FIFO gate. Throws when that cannot be said: then nobody stands there. */
  detach(): Promise<void>;
  /** Sends the master of the terminal that the plan opened to who listens at a path. EXECUTOR_REFUSED. */
  sendTerminal(path: string): Promise<void>;
  /** Resolves when what stood at its gate is taken back, and a process of its own has ended. */
  close(): Promise<void>;
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
export function connectExecutor({ pid, descriptor, exited }: Wired): Executor {
  const talk = new Talk(adoptUnix(descriptor));
  const hangUp = (): void => talk.hangUp();
  const close = async (): Promise<void> => {
    hangUp();
    await exited;
  };
  return executorOn(talk, { pid, hangUp, close });
}

/** What is behind a talk: a process of the executor's own, or one that goes on as something else. */
interface Behind {
  readonly pid: number;
  readonly hangUp: () => void;
  readonly close: () => Promise<void>;
}

/** The executor at the other end of a talk. */
export function executorOn(talk: Talk, { pid, hangUp, close }: Behind): Executor {
  let executed: Plan = emptyPlan;
  const outcome = (payload: Buffer) => readOutcome(payload, executed);
  return {
    pid,
    batch: async (ops, { stop } = { stop: true }) =>
      decodeRecords(await talk.ask("batch", { stop, ops }), { host: ops }),
    plan: async (plan) => {
      executed = plan;
      return outcome(await talk.ask("plan", { acts: plan }));
    },
    start: async () => outcome(await talk.ask("start", {})).records,
    attend: async (terminal) => {
      outcome(await talk.ask("attend", { terminal }));
    },
    startAndLeave: async () => {
      outcome(await talk.ask("startAndLeave", {}));
    },
    detach: async () => {
      await talk.ask("detach", {});
    },
    sendTerminal: async (path) => {
      await talk.ask("sendTerminal", { path });
    },
    get ended() {
      return talk.ended;
    },
    close,
    [Symbol.dispose]: hangUp,
  };
}
