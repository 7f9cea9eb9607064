import { decodeRecords } from "../plan/decode.ts";
import type { Plan } from "../plan/plan.ts";
import type { OpRecord } from "../plan/record.ts";
import { operationFailed } from "./failure.ts";

const NO_FAILURE = 0xffffffff;

interface Outcome {
  readonly pid: number;
  readonly records: readonly OpRecord[];
}

/** What PLAN_RESULT and STARTED say: u32 pid, u32 failed, records. Throws OperationFailed when something did. */
export function readOutcome(payload: Buffer, plan: Plan): Outcome {
  const pid = payload.readUInt32LE(0);
  const failed = payload.readUInt32LE(4);
  let decoded: readonly OpRecord[] | undefined;
  const records = (): readonly OpRecord[] => {
    decoded ??= decodeRecords(payload.subarray(8), plan);
    return decoded;
  };
  if (failed !== NO_FAILURE) throw operationFailed(records(), plan, failed);
  // Most callers do not ask for what went well.
  return {
    pid,
    get records() {
      return records();
    },
  };
}
