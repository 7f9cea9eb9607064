import { closeSync, readSync, writeSync } from "node:fs";
import { libc } from "./libc.ts";

/** A child process that is talked to in turns, over a socket pair whose other end is its descriptor 3. */
export interface BlockingChild {
  readonly pid: number;
  /** Resolves when the process has ended. */
  readonly exited: Promise<unknown>;
  write(bytes: Uint8Array): void;
  /** Waits for exactly that many bytes; undefined when the child's end closes first. */
  read(size: number): Buffer | undefined;
  /** Ends the talk. */
  hangUp(): void;
  /** The same; the child is not waited for when this process ends. */
  close(): void;
}

// fcntl(2)
const F_SETFL = 4;
const O_RDWR = 2;

/**
 * Starts a program with an empty environment. A command that does one thing and ends waits in the kernel: loading
 * node:net and its event loop costs more of its time than what it waits for.
 */
export function spawnBlocking(
  path: string,
  argv0: string,
  stdio: readonly [number, number, number],
): BlockingChild {
  const child = Bun.spawn([path], { argv0, env: {}, cwd: "/", stdio: [...stdio, "pipe"] });
  const descriptor = child.stdio[3];
  if (typeof descriptor !== "number") throw new Error("Bun gave no descriptor for the fourth stream");
  libc().fcntl(descriptor, F_SETFL, O_RDWR);
  const hangUp = (): void => closeSync(descriptor);
  return {
    pid: child.pid,
    exited: child.exited,
    write: (bytes) => {
      for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
    },
    read: (size) => {
      const bytes = Buffer.allocUnsafe(size);
      for (let at = 0; at < size; ) {
        const got = readSync(descriptor, bytes, at, size - at, null);
        if (got === 0) return undefined;
        at += got;
      }
      return bytes;
    },
    hangUp,
    close: () => {
      hangUp();
      child.unref();
    },
  };
}
