import { writeFileSync } from "node:fs";
import { openExecutor } from "../../kernel/executor/executor.ts";
import type { Op } from "../../kernel/plan/operations.ts";
import { nativeArchitecture } from "../../kernel/seccomp/architecture.ts";
import type { InroError } from "../../oci/error.ts";
import type { RuntimeSpec, SpecHooks } from "../../oci/runtime-spec.ts";
import { hookOps } from "../compile/hooks.ts";
import { failuresOf } from "../failure.ts";
import type { Invocation } from "./commands.ts";
import { claimOf } from "./store.ts";
import { hasHooks, type StoredContainer } from "./stored.ts";

/** Those that are still to be called when the container is created. */
export function laterHooks({ hooks = {} }: RuntimeSpec): SpecHooks {
  const { startContainer = [], poststart = [], poststop = [] } = hooks;
  return { startContainer, poststart, poststop };
}

/** runtime.md, "Lifecycle", 9: the first poststart hook that fails, after which none is called. */
export async function callPoststart(
  { native }: Invocation,
  stored: StoredContainer,
): Promise<InroError | undefined> {
  if (!hasHooks(stored, "poststart")) return undefined;
  const ops = hookOps("poststart", { ...stored, becauseOf: (at) => at }, { pid: stored.pid });
  return (await execute(await native(), ops, true))[0];
}

/** Whether the poststop hooks of this container are the caller's to call: nobody else does, or has. */
export function claimPoststop(root: string, id: string): boolean {
  try {
    writeFileSync(claimOf(root, id), "", { flag: "wx", mode: 0o600 });
    return true;
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "EEXIST" || code === "ENOENT") return false;
    throw cause;
  }
}

/** Step 13: one that fails is a warning, and the others are called. */
export async function callPoststop({ native, warn }: Invocation, stored: StoredContainer): Promise<void> {
  const ops = hookOps("poststop", { ...stored, becauseOf: (at) => at });
  for (const { message } of await execute(await native(), ops, false)) warn(message);
}

/** Operations that no plan executes, or whose executor was killed; what failed. */
export async function execute(native: string, ops: readonly Op[], stop: boolean): Promise<InroError[]> {
  using executor = openExecutor(native);
  return failuresOf(ops, await executor.batch(ops, { stop }), nativeArchitecture());
}
