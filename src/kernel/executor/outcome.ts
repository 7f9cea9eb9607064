import { decodeRecords } from "../plan/decode.ts";
import type { Plan } from "../plan/plan.ts";
import type { OpRecord } from "../plan/record.ts";
import { operationFailed } from "./failure.ts";

const NO_FAILURE = 0xffffffff;

/** What PLAN_RESULT and STARTED say: u32 pid, u32 failed, records. Throws OperationFailed when something did. */
export function readOutcome(
  payload: Buffer,
  plan: Plan,
): { readonly pid: number; readonly records: readonly OpRecord[] } {
  const records = decodeRecords(payload.subarray(8), plan);
  const failed = payload.readUInt32LE(4);
  if (failed !== NO_FAILURE) throw operationFailed(records, plan, failed);
  return { pid: payload.readUInt32LE(0), records };
}
