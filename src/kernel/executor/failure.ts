import { InroError } from "../../oci/error.ts";
import { errnoName, errnoText } from "../errno.ts";
import { ACTS } from "../plan/act.ts";
import { describe } from "../plan/describe.ts";
import type { Op } from "../plan/operations.ts";
import type { Plan } from "../plan/plan.ts";
import type { OpRecord } from "../plan/record.ts";

/** An operation of a plan failed; `errno` is the kernel's name for why. What it means for people is its caller's to say. */
export class OperationFailed extends InroError {
  readonly op: Op;
  readonly record: OpRecord;
  readonly records: readonly OpRecord[];
  readonly errno: string;

  constructor(op: Op, record: OpRecord, records: readonly OpRecord[]) {
    super("OPERATION_FAILED", {
      what: `${op.because}: cannot ${describe(op)}`,
      why: why(record),
      at: op.because,
    });
    this.op = op;
    this.record = record;
    this.records = records;
    this.errno = errnoName(record.errno);
  }
}

function why({ step, errno, detail }: OpRecord): string {
  const text = errnoText(errno);
  const said = detail === "" ? text : `${text}: ${detail}`;
  return step === "" || errno === 0 ? said : `${step}: ${said}`;
}

/** The error for operation number `failed`, over all acts in their order. */
export function operationFailed(records: readonly OpRecord[], plan: Plan, failed: number): InroError {
  const [op] = ACTS.flatMap((act) => plan[act]).slice(failed);
  const record = records.find(({ act, index }) => plan[act][index] === op);
  if (record === undefined || op === undefined) {
    return new InroError("PLAN_FAILED", { what: "cannot execute the plan", why: "no operation says why" });
  }
  return new OperationFailed(op, record, records);
}

/** An answer ERROR: i32 errno, text. */
export function refused(payload: Buffer): InroError {
  const text = payload.toString("utf8", 8, 8 + payload.readUInt32LE(4));
  return new InroError("EXECUTOR_REFUSED", {
    what: "the native program refused a request",
    why: `${text}: ${errnoText(payload.readInt32LE(0))}`,
  });
}

export const isLost = (cause: unknown): boolean =>
  cause instanceof InroError && cause.code === "EXECUTOR_LOST";

export function executorLost(): InroError {
  return new InroError("EXECUTOR_LOST", {
    what: "the native program did not answer",
    why: "it ended, or was killed",
  });
}
