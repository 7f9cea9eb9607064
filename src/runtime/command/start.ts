import { closeSync, constants, openSync, rmSync, writeSync } from "node:fs";
import { InroError } from "../../oci/error.ts";
import type { Invocation } from "./main.ts";
import { statusOf } from "./status.ts";
import { checkContainerId, gateOf, readStored } from "./store.ts";

/** runtime.md, "Start": it is an error when the container is not `created`. */
export function startCommand({ root, operands }: Invocation): number {
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
  openGate(gateOf(root, id));
  return 0;
}

/** One byte into the FIFO that the container holds open; whoever removes the FIFO has started it. */
export function openGate(gate: string): void {
  const descriptor = openSync(gate, constants.O_WRONLY | constants.O_NONBLOCK);
  rmSync(gate);
  writeSync(descriptor, Uint8Array.of(1));
  closeSync(descriptor);
}
