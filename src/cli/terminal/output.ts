import { fstatSync, writeSync } from "node:fs";

/** The reader of our output is gone (`inro ps | head -1`): nothing is left to do, and nothing is wrong. */
export class OutputGone extends Error {}

/**
 * Writes all of it, waiting while the reader is slow. Synchronous on purpose: process.stdout costs 4 ms at start,
 * and what it still holds is lost at exit.
 */
function writeAll(descriptor: number, data: Uint8Array | string): void {
  let rest: Uint8Array = typeof data === "string" ? Buffer.from(data) : data;
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(descriptor, rest));
    } catch (error) {
      const { code } = error as { code?: string };
      // Someone else who shares the terminal or pipe made it non-blocking.
      if (code === "EAGAIN") Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
      else if (code === "EPIPE") throw new OutputGone();
      else if (code !== "EINTR") throw error;
    }
  }
}

export const out = (data: Uint8Array | string): void => writeAll(1, data);
export const err = (data: Uint8Array | string): void => writeAll(2, data);

/** node:tty costs 4 ms at start, so it is asked only about what may be a terminal at all. */
export function isTerminal(descriptor: 0 | 1 | 2): boolean {
  try {
    if (!fstatSync(descriptor).isCharacterDevice()) return false;
  } catch {
    return false;
  }
  return process.getBuiltinModule("node:tty").isatty(descriptor);
}
