import { killAll, processesOf } from "../../kernel/cgroup/set.ts";
import { signalNumber } from "../../kernel/signals.ts";
import { InroError } from "../../oci/error.ts";
import type { Invocation } from "./main.ts";
import { isAlive } from "./status.ts";
import { checkContainerId, readStored } from "./store.ts";

const SIGKILL = 9;

/** runtime.md, "Kill": it is an error when the container is neither created nor running. */
export async function killCommand({ root, operands, flags }: Invocation): Promise<number> {
  const stored = readStored(root, checkContainerId(operands[0]));
  const signal = signalNumber(operands[1] ?? "SIGTERM", 0);
  if (flags.has("all")) {
    for (const pid of processesOf(stored.cgroups)) process.kill(pid, signal);
    if (signal === SIGKILL) await killAll(stored.cgroups);
    return 0;
  }
  if (stored.creating || !isAlive(stored)) {
    throw new InroError("NOT_RUNNING", {
      what: `cannot kill the container "${stored.id}"`,
      why: "container not running",
    });
  }
  process.kill(stored.pid, signal);
  return 0;
}
