import { killAll, removeAll } from "../../kernel/cgroup/set.ts";
import type { Invocation } from "./commands.ts";
import { isAlive } from "./status.ts";
import { forget } from "./store.ts";
import { hasHooks, type StoredContainer } from "./stored.ts";

const SIGKILL = 9;
const POLL_MS = 1;
const POLLS = 5000;

/** A container without a cgroup, as a user has it, ends with its first process (pid_namespaces(7)). */
async function killFirst(stored: StoredContainer): Promise<void> {
  if (stored.creating) return;
  for (let poll = 0; poll < POLLS && isAlive(stored); poll++) {
    try {
      process.kill(stored.pid, SIGKILL);
    } catch {
      // It ended between the look and the signal.
    }
    await Bun.sleep(POLL_MS);
  }
}

/**
 * runtime.md, "Lifecycle", 12 and 13: what `create` made goes, then the poststop hooks are called, once: the executor of a
 * create that failed, was killed or is still at it may have claimed them.
 */
export async function destroy(invocation: Invocation, stored: StoredContainer): Promise<void> {
  await killAll(stored.cgroups);
  await killFirst(stored);
  await removeAll(stored.cgroups);
  const hooks = hasHooks(stored, "poststop") ? await import("./hooks.ts") : undefined;
  const claimed = hooks?.claimPoststop(invocation.root, stored.id);
  forget(invocation.root, stored.id);
  if (claimed === true) await hooks?.callPoststop(invocation, stored);
}
