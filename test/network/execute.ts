import { join } from "node:path";
import { type Executor, openExecutor } from "../../src/kernel/executor/executor.ts";
import type { Op } from "../../src/kernel/plan/operations.ts";
import type { OpRecord } from "../../src/kernel/plan/record.ts";
import { inNetwork, type Other } from "./namespace.ts";

const native = join(import.meta.dir, "../../build/native/inro-native");

/** An executor in the network namespace of this thread, or in another one. */
export function executorIn(where: Other | "here"): Executor {
  if (where === "here") return openExecutor(native);
  using _there = inNetwork(where.pid);
  return openExecutor(native);
}

/** Executes a fragment's operations as a plan would, in which the executor knows the child's pid. Throws at a failure. */
export async function execute(
  executor: Executor,
  ops: readonly Op[],
  childPid = 0,
): Promise<readonly OpRecord[]> {
  const records = await executor.batch(ops.map((op) => withChildPid(op, childPid)));
  const failed = records.find((record) => record.errno !== 0);
  if (failed !== undefined) throw new Error(`operation ${failed.index}: ${failed.errno} ${failed.detail}`);
  return records;
}

function withChildPid(op: Op, childPid: number): Op {
  if (op.kind !== "netlink" || op.childPidAt === undefined) return op;
  const messages = op.messages.slice();
  new DataView(messages.buffer).setUint32(op.childPidAt, childPid, true);
  const { childPidAt: _filled, ...rest } = op;
  return { ...rest, messages };
}
