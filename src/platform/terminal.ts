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

// asm-generic/ioctls.h, struct winsize: four u16.
const TIOCGWINSZ = 0x5413n;
const TIOCSWINSZ = 0x5414n;
const WINSIZE_BYTES = 8;

/** Makes one terminal as large as another; nothing where `from` is none. */
export function copyWindowSize(from: number, to: number): void {
  const size = new Uint8Array(WINSIZE_BYTES);
  if (libc().ioctl(from, TIOCGWINSZ, size) === 0) libc().ioctl(to, TIOCSWINSZ, size);
}
