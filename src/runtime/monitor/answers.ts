import { decodeRecords, type Executed } from "../../kernel/plan/decode.ts";
import type { OpRecord } from "../../kernel/plan/record.ts";
import { InroError } from "../../oci/error.ts";
import type { Exit } from "../../oci/exit.ts";
import type { Answer } from "./wire.ts";

/** `created`: at its start gate; `ended`: gone, its output is being drained; `recorded`: its exit file is written. */
export type SessionStatus = "unknown" | "created" | "running" | "ended" | "recorded";

export interface SessionState {
  readonly status: SessionStatus;
  readonly pid: number;
  /** Nanoseconds since 1970; 0n: not started. */
  readonly startedAt: bigint;
  readonly terminal: boolean;
}

/** What the operations answered that a start (act `become`) or an exec (all of its plan) executed. */
export interface Started {
  /** 0 when it failed. */
  readonly pid: number;
  /** The program runs. If not, the last record with an errno tells why. */
  readonly runs: boolean;
  readonly records: readonly OpRecord[];
}

const STATUS: readonly SessionStatus[] = ["unknown", "created", "running", "ended", "recorded"];
const NONE_FAILED = 0xffffffff;

/** ESRCH, ENOENT and ENOTTY. */
const codes: Readonly<Record<number, string>> = { 3: "NOT_RUNNING", 2: "NO_SUCH_SESSION", 25: "NO_TERMINAL" };

/** Throws what an ERROR answer says. */
export function expectAnswer(answer: Answer, what: string): Answer {
  if (answer.name !== "error") return answer;
  const { errno, text } = answer.values;
  const code = codes[Number(errno)] ?? "MONITOR_REFUSED";
  throw new InroError(code, { what, why: `${String(text)} (errno ${String(errno)})` });
}

export function startedOf({ values }: Answer, plan: Executed): Started {
  return {
    pid: values["pid"] as number,
    runs: values["failed"] === NONE_FAILED,
    records: decodeRecords(values["records"] as Buffer, plan),
  };
}

export function exitOf({ values }: Answer): Exit {
  return {
    code: values["code"] as number,
    signal: values["signal"] as number,
    oomKilled: values["oomKilled"] as boolean,
    startedAt: values["startedAt"] as bigint,
    finishedAt: values["finishedAt"] as bigint,
    lostBytes: Number(values["lostBytes"]),
    undone: true,
  };
}

export function stateOf({ values }: Answer): SessionState {
  return {
    status: STATUS[values["state"] as number] ?? "unknown",
    pid: values["pid"] as number,
    startedAt: values["startedAt"] as bigint,
    terminal: values["terminal"] as boolean,
  };
}
