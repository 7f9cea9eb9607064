import type { Executor } from "../../kernel/executor/executor.ts";

/** What stands at its gate; `started` is called once when its program runs. */
interface Standing {
  readonly executor: Executor;
  readonly terminal: boolean;
  readonly started: () => void | Promise<void>;
}

/**
 * Starts what stands at its gate and waits until it ends; the caller's own process passes signals on, and shows a terminal
 * (native/attend.c). Its exit code, or 128 and the signal.
 */
export async function stayWith({ executor, terminal, started }: Standing): Promise<number> {
  await executor.attend(terminal);
  await started();
  const { code, signal } = await executor.ended;
  return signal === 0 ? code : 128 + signal;
}
