import { InroError } from "../../oci/error.ts";
import type { Invocation } from "./commands.ts";
import { passGate } from "./gate.ts";
import { type Status, statusOf } from "./status.ts";
import { checkContainerId, gateOf, readStored } from "./store.ts";
import { hasHooks } from "./stored.ts";

/**
 * runtime.md, "Start": it is an error when the container is not `created`. When this ends the program runs; one that cannot
 * be executed is an error too, where runc leaves it to the container's output.
 */
export async function startCommand(invocation: Invocation): Promise<number> {
  const { root, operands } = invocation;
  const id = checkContainerId(operands[0]);
  const stored = readStored(root, id);
  const status = statusOf(root, stored);
  if (status !== "created") throw notCreated(id, status);
  const refusal = await passGate(gateOf(root, id), (became) => notCreated(id, became));
  const calls = hasHooks(stored, "startContainer") || hasHooks(stored, "poststart");
  if (refusal !== undefined || calls) {
    const { afterGate } = await import("./after-gate.ts");
    await afterGate(invocation, stored, refusal);
  }
  return 0;
}

function notCreated(id: string, status: Status): InroError {
  return new InroError("NOT_CREATED", {
    what: `cannot start the container "${id}"`,
    why: `it is ${status}`,
    hint: status === "paused" ? "resume it first" : "a container can be started once",
  });
}
