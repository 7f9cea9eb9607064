import { InroError } from "../../oci/error.ts";
import type { Invocation } from "./commands.ts";
import { destroy } from "./destroy.ts";
import { openGate, passGate } from "./gate.ts";
import { callPoststart, has } from "./hooks.ts";
import { type Status, statusOf } from "./status.ts";
import { checkContainerId, gateOf, readStored } from "./store.ts";

/** runtime.md, "Start": it is an error when the container is not `created`. */
export async function startCommand(invocation: Invocation): Promise<number> {
  const { root, operands } = invocation;
  const id = checkContainerId(operands[0]);
  const stored = readStored(root, id);
  const status = statusOf(root, stored);
  if (status !== "created") throw notCreated(id, status);
  const gate = gateOf(root, id);
  if (!has(stored, "startContainer") && !has(stored, "poststart")) {
    openGate(gate, (became) => notCreated(id, became));
    return 0;
  }
  // Steps 7 to 9 of "Lifecycle": a hook that fails stops the container, and it is destroyed.
  const failure = passGate(gate, id, (became) => notCreated(id, became)) ?? callPoststart(invocation, stored);
  if (failure === undefined) return 0;
  if (failure.code === "HOOK_FAILED") await destroy(invocation, stored);
  throw failure;
}

function notCreated(id: string, status: Status): InroError {
  return new InroError("NOT_CREATED", {
    what: `cannot start the container "${id}"`,
    why: `it is ${status}`,
    hint: status === "paused" ? "resume it first" : "a container can be started once",
  });
}
