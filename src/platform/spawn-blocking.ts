import { closeSync, readSync, writeSync } from "node:fs";
import { InroError } from "../oci/error.ts";
import { libc } from "./libc.ts";

// fcntl(2)
const F_SETFL = 4;
const F_DUPFD_CLOEXEC = 1030;
const O_RDWR = 2;
/** In the child: standard streams, wire, then the caller's descriptors. */
const FIRST_PASSED = 4;

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

/**
 * Starts a program with an empty environment; `passed` become its descriptors from 4 on, and their number its argument.
 * A command that does one thing and ends waits in the kernel: loading
 * node:net and its event loop costs more of its time than what it waits for.
 */
export function spawnBlocking(
  path: string,
  argv0: string,
  stdio: readonly [number, number, number],
  passed: readonly number[],
): BlockingChild {
  const command = passed.length === 0 ? [path] : [path, String(passed.length)];
  const copies = passed.map((descriptor) => aside(descriptor, FIRST_PASSED + passed.length));
  const child = Bun.spawn(command, { argv0, env: {}, cwd: "/", stdio: [...stdio, "pipe", ...copies] });
  for (const copy of copies) closeSync(copy);
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

/** Descriptors are put into their places one after the other: one that lies in another's place would be lost. */
function aside(descriptor: number, above: number): number {
  const copy = libc().fcntl(descriptor, F_DUPFD_CLOEXEC, above);
  if (copy >= 0) return copy;
  throw new InroError("DESCRIPTOR_MISSING", {
    what: `cannot pass descriptor ${descriptor} to the program`,
    why: "the caller has not opened it",
    hint: "--preserve-fds N needs descriptors 3 to 2 + N",
    at: "--preserve-fds",
  });
}
