import { closeSync, constants, openSync, rmSync, writeSync } from "node:fs";
import type { InroError } from "../../oci/error.ts";

/** What is told when somebody else was faster, or the container has ended: what it became meanwhile. */
export type TooLate = (became: "running" | "stopped") => InroError;

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

export function openFifo(gate: string, access: number, tooLate: TooLate): number {
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
