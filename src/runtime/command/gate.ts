import { closeSync, constants, openSync, readSync, rmSync, writeSync } from "node:fs";
import { operations } from "../../kernel/plan/operations.ts";
import { InroError } from "../../oci/error.ts";
import { waitForWriters } from "../../platform/fifo.ts";

/** One byte into the FIFO that the container holds open; whoever removes the FIFO has started it. */
export function openGate(gate: string): void {
  const descriptor = openSync(gate, constants.O_WRONLY | constants.O_NONBLOCK);
  rmSync(gate);
  writeSync(descriptor, Uint8Array.of(1));
  closeSync(descriptor);
}

/**
 * The same, and waits until the program runs: its exec closes the FIFO. What comes through it instead says why there is
 * no program (native/child.c).
 */
export function passGate(gate: string, id: string): InroError | undefined {
  const answers = openSync(gate, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    openGate(gate);
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
