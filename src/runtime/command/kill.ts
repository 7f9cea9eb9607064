import { setFrozen } from "../../kernel/cgroup/freezer.ts";
import { killAll, processesOf } from "../../kernel/cgroup/set.ts";
import { signalNumber } from "../../kernel/signals.ts";
import { InroError } from "../../oci/error.ts";
import type { Invocation } from "./commands.ts";
import { statusOf } from "./status.ts";
import { checkContainerId, readStored } from "./store.ts";
import type { StoredContainer } from "./stored.ts";

const SIGKILL = 9;

/** runtime.md, "Kill": it is an error when the container is neither created nor running. */
export async function killCommand({ root, operands, flags }: Invocation): Promise<number> {
  const stored = readStored(root, checkContainerId(operands[0]));
  const signal = signalNumber(operands[1] ?? "SIGTERM", 0);
  const status = statusOf(root, stored);
  if (flags.has("all")) {
    // Also of a container whose first process has ended: without a pid namespace of its own, others outlive it.
    await signalAll(stored, signal);
    return 0;
  }
  if (status === "stopped" || status === "creating" || !send(stored.pid, signal)) {
    throw new InroError("NOT_RUNNING", {
      what: `cannot kill the container "${stored.id}"`,
      why: "container not running",
    });
  }
  if (signal !== SIGKILL) return 0;
  if (!stored.ownPids) await killAll(stored.cgroups);
  // A process that is frozen by v1's freezer does not die.
  if (status === "paused") await setFrozen(stored.cgroups, false);
  return 0;
}

async function signalAll({ cgroups }: StoredContainer, signal: number): Promise<void> {
  if (signal === SIGKILL) return killAll(cgroups);
  for (const pid of processesOf(cgroups)) send(pid, signal);
}

/** False when the process has ended by itself meanwhile. */
function send(pid: number, signal: number): boolean {
  try {
    return process.kill(pid, signal);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ESRCH") return false;
    throw cause;
  }
}
