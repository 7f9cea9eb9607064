import { constants } from "node:os";
import { removeAll } from "../../kernel/cgroup/set.ts";
import { nativeArchitecture } from "../../kernel/seccomp/architecture.ts";
import { explained } from "../execute.ts";
import { launch } from "./launch.ts";
import type { Invocation } from "./main.ts";
import { openGate } from "./start.ts";
import { forget, gateOf } from "./store.ts";

const FORWARDED = ["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2", "SIGWINCH"] as const;

/** create and start in one; without --detach it stays, and ends as the container does. */
export async function runCommand(invocation: Invocation): Promise<number> {
  const detach = invocation.flags.has("detach");
  const { stored, executor } = await launch(invocation, detach);
  const { root } = invocation;
  if (detach) {
    openGate(gateOf(root, stored.id));
    executor.detach();
    return 0;
  }
  try {
    forwardSignals(stored.pid);
    executor.start();
    const { code, signal } = await executor.ended();
    return signal === 0 ? code : 128 + signal;
  } catch (cause) {
    throw explained(cause, nativeArchitecture());
  } finally {
    if (!invocation.flags.has("keep")) {
      await removeAll(stored.cgroups);
      forget(root, stored.id);
    }
  }
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
