import { constants } from "node:os";
import type { BlockingExecutor } from "../../kernel/executor/blocking.ts";

const FORWARDED = [
  ...(["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGCONT"] as const),
  ...(["SIGTSTP", "SIGWINCH"] as const),
];

/** What stands at its gate; `started` is called once when its program runs. */
interface Standing {
  readonly executor: BlockingExecutor;
  readonly pid: number;
  readonly terminal: boolean;
  readonly started: () => void | Promise<void>;
}

/**
 * Starts what stands at its gate and stays until it ends: signals are passed on, a terminal is shown on the caller's.
 * Its exit code, or 128 and the signal.
 */
export async function stayWith({ executor, pid, terminal, started }: Standing): Promise<number> {
  const relay = terminal ? (await import("./relay.ts")).relayTerminal(executor.pid) : undefined;
  try {
    forwardSignals(pid, terminal);
    executor.start();
    await started();
    const { code, signal } = await executor.ended();
    await relay?.drained();
    return signal === 0 ? code : 128 + signal;
  } finally {
    relay?.restore();
  }
}

function forwardSignals(pid: number, terminal: boolean): void {
  for (const name of FORWARDED) {
    // The terminal itself tells of its new size.
    if (terminal && name === "SIGWINCH") continue;
    process.on(name, () => {
      try {
        process.kill(pid, constants.signals[name]);
      } catch {
        // It ended by itself.
      }
    });
  }
}
