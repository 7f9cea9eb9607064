import { constants } from "node:os";
import { killAll, removeAll } from "../../kernel/cgroup/set.ts";
import { isLost } from "../../kernel/executor/failure.ts";
import { nativeArchitecture } from "../../kernel/seccomp/architecture.ts";
import { explained } from "../execute.ts";
import { callPoststart, execute } from "./hooks.ts";
import { type Launched, launch } from "./launch.ts";
import type { Invocation } from "./main.ts";
import { startStored } from "./start.ts";
import { forget } from "./store.ts";

const FORWARDED = ["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2", "SIGWINCH"] as const;

/** create and start in one; without --detach it stays, and ends as the container does. */
export async function runCommand(invocation: Invocation): Promise<number> {
  const detach = invocation.flags.has("detach");
  const launched = await launch(invocation, detach);
  if (!detach) return attend(invocation, launched);
  await startStored(invocation, launched.stored);
  return 0;
}

/** When it has ended, its executor takes back what it made, and calls its poststop hooks. */
async function attend(invocation: Invocation, launched: Launched): Promise<number> {
  const { stored, executor, undo } = launched;
  try {
    forwardSignals(stored.pid);
    startAndCall(invocation, launched);
    const { code, signal } = await executor.ended();
    return signal === 0 ? code : 128 + signal;
  } catch (cause) {
    await killAll(stored.cgroups);
    await executor.close();
    if (isLost(cause)) execute(invocation.native(), undo, false);
    throw explained(cause, nativeArchitecture());
  } finally {
    if (!invocation.flags.has("keep")) {
      await removeAll(stored.cgroups);
      forget(invocation.root, stored.id);
    }
  }
}

function startAndCall(invocation: Invocation, { stored, executor }: Launched): void {
  executor.start();
  const failure = callPoststart(invocation, stored);
  if (failure !== undefined) throw failure;
}

function forwardSignals(pid: number): void {
  for (const name of FORWARDED) {
    process.on(name, () => {
      try {
        process.kill(pid, constants.signals[name]);
      } catch {
        // It ended by itself.
      }
    });
  }
}
