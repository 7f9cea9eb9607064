import { libc } from "./libc.ts";

/** More than any architecture's struct termios holds. */
const TERMIOS_BYTES = 128;
const TCSANOW = 0;

/**
 * Makes a terminal raw as cfmakeraw(3) says; answers how to make it as it was. (process.stdin.setRawMode leaves the
 * translation of output on, which turns a remote terminal's "\r\n" into "\r\r\n".)
 */
export function rawTerminal(descriptor: number): () => void {
  const before = new Uint8Array(TERMIOS_BYTES);
  if (libc().tcgetattr(descriptor, before) !== 0) return () => {};
  const raw = before.slice();
  libc().cfmakeraw(raw);
  libc().tcsetattr(descriptor, TCSANOW, raw);
  return () => void libc().tcsetattr(descriptor, TCSANOW, before);
}
