import type { Executor } from "../../kernel/executor/executor.ts";
import { InroError } from "../../oci/error.ts";
import type { Invocation } from "./commands.ts";

/** Hands the terminal's master, which the executor holds, to whoever listens at the caller's console socket. */
export async function sendTerminal({ caller, values }: Invocation, executor: Executor): Promise<void> {
  const socket = values.get("console-socket");
  if (socket === undefined) return;
  try {
    await executor.sendTerminal(caller.path(socket));
  } catch (cause) {
    throw new InroError("CONSOLE_SOCKET_FAILED", {
      what: `cannot send the container's terminal to "${socket}"`,
      why: `nobody takes it there (${(cause as Error).message})`,
      at: "--console-socket",
      cause,
    });
  }
}
