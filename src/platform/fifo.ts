import { libc } from "./libc.ts";

/** mkfifo(3); false when the path exists or cannot be made. */
export function makeFifo(path: string, mode: number): boolean {
  return libc().mkfifo(Buffer.from(`${path}\0`), mode) === 0;
}

/** Blocks until nobody holds the FIFO of this descriptor open for writing any more (poll(2), POLLHUP). */
export function waitForWriters(descriptor: number): void {
  // struct pollfd: nothing is asked for, a hang-up is told in any case.
  while (libc().poll(new Int32Array([descriptor, 0]), 1, -1) < 0);
}
