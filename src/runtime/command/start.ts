import { InroError } from "../../oci/error.ts";
import type { Invocation } from "./commands.ts";
import { openGate } from "./gate.ts";
import { type Status, statusOf } from "./status.ts";
import { checkContainerId, gateOf, readStored } from "./store.ts";
import { hasHooks } from "./stored.ts";

/** runtime.md, "Start": it is an error when the container is not `created`. */
export async function startCommand(invocation: Invocation): Promise<number> {
  const { root, operands } = invocation;
  const id = checkContainerId(operands[0]);
  const stored = readStored(root, id);
  const status = statusOf(root, stored);
  if (status !== "created") throw notCreated(id, status);
  const tooLate = (became: Status) => notCreated(id, became);
  if (hasHooks(stored, "startContainer") || hasHooks(stored, "poststart")) {
    const { startHooked } = await import("./start-hooked.ts");
    await startHooked(invocation, stored, tooLate);
  } else openGate(gateOf(root, id), tooLate);
  return 0;
}

function notCreated(id: string, status: Status): InroError {
  return new InroError("NOT_CREATED", {
    what: `cannot start the container "${id}"`,
    why: `it is ${status}`,
    hint: status === "paused" ? "resume it first" : "a container can be started once",
  });
}
