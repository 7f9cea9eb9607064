import { OperationFailed } from "../kernel/executor/failure.ts";
import { failureOf } from "./failure.ts";

/** What failed, as people understand it. */
export function explained(cause: unknown, architecture: string): unknown {
  return cause instanceof OperationFailed ? failureOf(cause.op, cause.record, architecture) : cause;
}
