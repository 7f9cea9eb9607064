import { killAll, processesOf, removeAll } from "../../kernel/cgroup/set.ts";
import type { Invocation } from "./commands.ts";
import { callPoststop } from "./hooks.ts";
import { forget } from "./store.ts";
import type { StoredContainer } from "./stored.ts";

/** runtime.md, "Lifecycle", 12 and 13: what `create` made goes, then the poststop hooks are called. */
export async function destroy(invocation: Invocation, stored: StoredContainer): Promise<void> {
  if (processesOf(stored.cgroups).length > 0) await killAll(stored.cgroups);
  await removeAll(stored.cgroups);
  forget(invocation.root, stored.id);
  callPoststop(invocation, stored);
}
