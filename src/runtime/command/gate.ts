import { closeSync, constants, openSync, readSync, rmSync, writeSync } from "node:fs";
import { operations } from "../../kernel/plan/operations.ts";
import { InroError } from "../../oci/error.ts";
import { waitForWriters } from "../../platform/fifo.ts";

/** What is told when somebody else was faster, or the container has ended: what it became meanwhile. */
type TooLate = (became: "running" | "stopped") => InroError;

/** One byte into the FIFO that the container holds open; whoever removes the FIFO has started it. */
export function openGate(gate: string, tooLate: TooLate): void {
  const descriptor = openFifo(gate, constants.O_WRONLY, tooLate);
  try {
    rmSync(gate);
    writeSync(descriptor, Uint8Array.of(1));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") throw tooLate("running");
    throw cause;
  } finally {
    closeSync(descriptor);
  }
}

function openFifo(gate: string, access: number, tooLate: TooLate): number {
  try {
    return openSync(gate, access | constants.O_NONBLOCK);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT") throw tooLate("running");
    // fifo(7): nobody holds the other end.
    if (code === "ENXIO") throw tooLate("stopped");
    throw cause;
  }
}

/**
 * The same, and waits until the program runs: its exec closes the FIFO. What comes through it instead says why there is
 * no program (native/child.c).
 */
export function passGate(gate: string, id: string, tooLate: TooLate): InroError | undefined {
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
