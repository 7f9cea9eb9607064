import { openBlockingExecutor } from "../../kernel/executor/blocking.ts";
import type { Op } from "../../kernel/plan/operations.ts";
import { nativeArchitecture } from "../../kernel/seccomp/architecture.ts";
import type { InroError } from "../../oci/error.ts";
import type { HookPhase, RuntimeSpec, SpecHooks } from "../../oci/runtime-spec.ts";
import { hookOps } from "../compile/hooks.ts";
import { failuresOf } from "../failure.ts";
import type { Invocation } from "./commands.ts";
import type { StoredContainer } from "./stored.ts";

/** Those that are still to be called when the container is created. */
export function laterHooks({ hooks = {} }: RuntimeSpec): SpecHooks {
  const { startContainer = [], poststart = [], poststop = [] } = hooks;
  return { startContainer, poststart, poststop };
}

export const has = ({ hooks }: StoredContainer, phase: HookPhase): boolean => (hooks[phase] ?? []).length > 0;

/** runtime.md, "Lifecycle", 9: the first poststart hook that fails, after which none is called. */
export function callPoststart({ native }: Invocation, stored: StoredContainer): InroError | undefined {
  if (!has(stored, "poststart")) return undefined;
  const ops = hookOps("poststart", { ...stored, becauseOf: (at) => at }, { pid: stored.pid });
  return execute(native(), ops, true)[0];
}

/** Step 13: one that fails is a warning, and the others are called. */
export function callPoststop({ native, warn }: Invocation, stored: StoredContainer): void {
  if (!has(stored, "poststop")) return;
  const ops = hookOps("poststop", { ...stored, becauseOf: (at) => at });
  for (const { message } of execute(native(), ops, false)) warn(message);
}

/** Operations that no plan executes, or whose executor was killed; what failed. */
export function execute(native: string, ops: readonly Op[], stop: boolean): InroError[] {
  using executor = openBlockingExecutor(native, [0, 1, 2]);
  return failuresOf(ops, executor.batch(ops, { stop }), nativeArchitecture());
}
