import type { Op } from "../kernel/plan/operations.ts";
import type { OpRecord } from "../kernel/plan/record.ts";
import { InroError } from "../oci/error.ts";

/** What executes operations outside of any container's plan. */
export interface Executor {
  batch(ops: readonly Op[]): Promise<readonly OpRecord[]>;
}

/** A native process that does, until it is ended. */
export interface ExecutorProcess extends Executor {
  close(): Promise<void>;
}

/**
 * An executor that starts its process at first need, and again when it was killed. Only for batches that may be
 * repeated, as ours: what is there already, or gone already, is tolerated.
 */
export function lastingExecutor(open: () => ExecutorProcess): ExecutorProcess {
  let current: ExecutorProcess | undefined;
  return {
    async batch(ops) {
      current ??= open();
      const asked = current;
      try {
        return await asked.batch(ops);
      } catch (error) {
        if (!(error instanceof InroError) || error.code !== "EXECUTOR_LOST") throw error;
        if (current === asked) current = open();
        return current.batch(ops);
      }
    },
    async close() {
      await current?.close();
    },
  };
}
