import { closeSync, constants, readSync } from "node:fs";
import { operations } from "../../kernel/plan/operations.ts";
import { InroError } from "../../oci/error.ts";
import { waitForWriters } from "../../platform/fifo.ts";
import type { Invocation } from "./commands.ts";
import { destroy } from "./destroy.ts";
import { openFifo, openGate, type TooLate } from "./gate.ts";
import { callPoststart } from "./hooks.ts";
import { gateOf } from "./store.ts";
import type { StoredContainer } from "./stored.ts";

/** Steps 7 to 9 of runtime.md, "Lifecycle": a hook that fails stops the container, and it is destroyed. */
export async function startHooked(
  invocation: Invocation,
  stored: StoredContainer,
  tooLate: TooLate,
): Promise<void> {
  const gate = gateOf(invocation.root, stored.id);
  const failure = passGate(gate, stored.id, tooLate) ?? (await callPoststart(invocation, stored));
  if (failure === undefined) return;
  if (failure.code === "HOOK_FAILED") await destroy(invocation, stored);
  throw failure;
}

/**
 * Opens the gate, and waits until the program runs: its exec closes the FIFO. What comes through it instead says why there is
 * no program (native/child.c).
 */
function passGate(gate: string, id: string, tooLate: TooLate): InroError | undefined {
  const answers = openFifo(gate, constants.O_RDONLY, tooLate);
  try {
    openGate(gate, tooLate);
    waitForWriters(answers);
    const bytes = Buffer.alloc(4096);
    const length = readSync(answers, bytes);
    return length === 0 ? undefined : refusal(id, bytes.readUInt8(0), bytes.toString("utf8", 1, length));
  } finally {
    closeSync(answers);
  }
}

/** The code of the operation that failed, and a text; the byte of ours that nobody took is no more than itself. */
function refusal(id: string, code: number, text: string): InroError {
  return new InroError(code === operations.hook.code ? "HOOK_FAILED" : "START_FAILED", {
    what: `cannot start the container "${id}"`,
    why: text === "" ? "it ended before it was started" : text,
  });
}
