import { operations } from "../../kernel/plan/operations.ts";
import { InroError } from "../../oci/error.ts";
import type { Invocation } from "./commands.ts";
import { destroy } from "./destroy.ts";
import type { Refusal } from "./gate.ts";
import { callPoststart } from "./hooks.ts";
import type { StoredContainer } from "./stored.ts";

/** Steps 7 to 9 of runtime.md, "Lifecycle": a hook that fails stops the container, and it is destroyed. */
export async function afterGate(
  invocation: Invocation,
  stored: StoredContainer,
  refusal: Refusal | undefined,
): Promise<void> {
  const failure =
    refusal === undefined ? await callPoststart(invocation, stored) : notStarted(stored.id, refusal);
  if (failure === undefined) return;
  if (failure.code === "HOOK_FAILED") await destroy(invocation, stored);
  throw failure;
}

function notStarted(id: string, { code, text }: Refusal): InroError {
  return new InroError(code === operations.hook.code ? "HOOK_FAILED" : "START_FAILED", {
    what: `cannot start the container "${id}"`,
    why: text === "" ? "it ended before it was started" : text,
  });
}
