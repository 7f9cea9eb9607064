import { closeSync, constants, openSync, readSync, rmSync, writeSync } from "node:fs";
import type { InroError } from "../../oci/error.ts";
import { writersEnd } from "../../platform/fifo.ts";

/** What is told when somebody else was faster, or the container has ended: what it became meanwhile. */
export type TooLate = (became: "running" | "stopped") => InroError;

/** What a container says at its gate instead of becoming its program (native/child.c). */
export interface Refusal {
  /** The operation that failed. */
  readonly code: number;
  /** Empty when it said nothing: it was killed. */
  readonly text: string;
}

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

/**
 * Opens the gate, and waits until the program runs: its exec closes the FIFO, for which runc's `start` waits too. What
 * comes through it instead says why there is no program.
 */
export async function passGate(gate: string, tooLate: TooLate): Promise<Refusal | undefined> {
  const answers = openFifo(gate, constants.O_RDONLY, tooLate);
  try {
    openGate(gate, tooLate);
    await writersEnd(answers);
    const bytes = Buffer.alloc(4096);
    const length = readSync(answers, bytes);
    // The byte of ours that nobody took is no more than itself.
    return length === 0 ? undefined : { code: bytes.readUInt8(0), text: bytes.toString("utf8", 1, length) };
  } finally {
    closeSync(answers);
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
