import { libc } from "./libc.ts";

/** mkfifo(3); false when the path exists or cannot be made. */
export function makeFifo(path: string, mode: number): boolean {
  return libc().mkfifo(Buffer.from(`${path}\0`), mode) === 0;
}

/** An exec is awaited in the kernel for so long, and then from time to time. */
const AT_ONCE_MS = 2;
const SHORTEST_MS = 1;
const LONGEST_MS = 16;

/**
 * Resolves when nobody holds the FIFO of this descriptor open for writing any more (poll(2), POLLHUP). Whoever waits in
 * the kernel serves nobody else meanwhile.
 */
export async function writersEnd(descriptor: number): Promise<void> {
  // struct pollfd: nothing is asked for, a hang-up is told in any case.
  const hungUp = (patience: number) => libc().poll(new Int32Array([descriptor, 0]), 1, patience) > 0;
  if (hungUp(AT_ONCE_MS)) return;
  for (let pause = SHORTEST_MS; !hungUp(0); pause = Math.min(2 * pause, LONGEST_MS)) await Bun.sleep(pause);
}
