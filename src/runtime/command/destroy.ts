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
 * runtime.md, "Lifecycle", 12 and 13: what `create` made goes, then the poststop hooks are called. A create that is still
 * at it calls them itself, when it finds its container gone.
 */
export async function destroy(invocation: Invocation, stored: StoredContainer): Promise<void> {
  const isBeingCreated = stored.creating && isAlive(stored);
  await killAll(stored.cgroups);
  await killFirst(stored);
  await removeAll(stored.cgroups);
  forget(invocation.root, stored.id);
  if (isBeingCreated || !hasHooks(stored, "poststop")) return;
  const { callPoststop } = await import("./hooks.ts");
  await callPoststop(invocation, stored);
}
