import { readFileSync } from "node:fs";
import hello from "../../build/native/hello" with { type: "file" };
import native from "../../build/native/inro-native" with { type: "file" };
import { type Executor, openExecutor } from "../kernel/executor/executor.ts";
import { sealedProgram } from "../platform/memfd.ts";

/** The native program as a path that children can be started from; sealed in memory where the kernel can (R15). */
export function nativeProgram(): string {
  return sealedProgram("inro-native", readFileSync(native)) ?? native;
}

/**
 * R15: whoever opens a program for writing, in vain where it is sealed, keeps others from executing it (execve(2), ETXTBSY),
 * and what a container has of its creator it can open once nobody runs it any more. So somebody always does: answers an
 * executor that runs until it is closed, or its starter ends. EXECUTOR_LOST where the program cannot be run.
 */
export async function hold(program: string): Promise<Executor> {
  const executor = openExecutor(program);
  await executor.batch([]);
  return executor;
}

/** The program of the built-in image. */
export function helloProgram(): { readonly path: string } {
  return { path: hello };
}
