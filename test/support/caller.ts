import { openExecutor } from "../../src/kernel/executor/executor.ts";
import { absolutePath } from "../../src/platform/absolute-path.ts";
import type { Caller } from "../../src/runtime/command/caller.ts";

/** This process as a caller, for commands that are called as functions; executors are processes of their own. */
export function ownCaller(native: string): Caller {
  const nowhere = async (): Promise<void> => {};
  return {
    pid: process.pid,
    env: {},
    path: (text) => absolutePath(process.cwd(), text),
    print: nowhere,
    complain: async (text) => void process.stderr.write(text),
    read: async () => Buffer.alloc(0),
    isGone: false,
    executor: async () => openExecutor(native, [0, 1, 2]),
  };
}
