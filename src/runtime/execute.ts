import type { Executor } from "../kernel/executor/executor.ts";
import { OperationFailed } from "../kernel/executor/failure.ts";
import type { Plan } from "../kernel/plan/plan.ts";
import type { OpRecord } from "../kernel/plan/record.ts";
import { failureOf } from "./failure.ts";

/** To the start gate; what fails is told as people understand it, and undone. */
export async function toTheGate(
  executor: Executor,
  plan: Plan,
  architecture: string,
): Promise<{ readonly pid: number; readonly records: readonly OpRecord[] }> {
  return await told(executor.plan(plan), architecture);
}

/** From the gate to the running program, for a plan that no monitor keeps. */
export async function throughTheGate(executor: Executor, architecture: string): Promise<readonly OpRecord[]> {
  return await told(executor.start(), architecture);
}

async function told<T>(answer: Promise<T>, architecture: string): Promise<T> {
  try {
    return await answer;
  } catch (cause) {
    if (cause instanceof OperationFailed) throw failureOf(cause.op, cause.record, architecture);
    throw cause;
  }
}
