import { InroError } from "../../oci/error.ts";
import { destroy } from "./destroy.ts";
import { openGate, passGate } from "./gate.ts";
import { callPoststart, has } from "./hooks.ts";
import type { Invocation } from "./main.ts";
import { statusOf } from "./status.ts";
import { checkContainerId, gateOf, readStored, type StoredContainer } from "./store.ts";

/** runtime.md, "Start": it is an error when the container is not `created`. */
export async function startCommand(invocation: Invocation): Promise<number> {
  const { root, operands } = invocation;
  const id = checkContainerId(operands[0]);
  const stored = readStored(root, id);
  const status = statusOf(root, stored);
  if (status !== "created") {
    throw new InroError("NOT_CREATED", {
      what: `cannot start the container "${id}"`,
      why: `it is ${status}`,
      hint: "a container can be started once",
    });
  }
  await startStored(invocation, stored);
  return 0;
}

/** Steps 7 to 9 of runtime.md, "Lifecycle": a hook that fails stops the container, and it is destroyed. */
export async function startStored(invocation: Invocation, stored: StoredContainer): Promise<void> {
  const gate = gateOf(invocation.root, stored.id);
  if (!has(stored, "startContainer") && !has(stored, "poststart")) return openGate(gate);
  const failure = passGate(gate, stored.id) ?? callPoststart(invocation, stored);
  if (failure === undefined) return;
  if (failure.code === "HOOK_FAILED") await destroy(invocation, stored);
  throw failure;
}
