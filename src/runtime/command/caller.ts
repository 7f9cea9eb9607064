import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync } from "node:fs";
import type { Executor } from "../../kernel/executor/executor.ts";

/** Who called: what a command takes from its caller's process, and never from its own, which serves others too. */
export interface Caller {
  readonly pid: number;
  readonly env: Readonly<Record<string, string>>;
  /** A path as the caller means it, absolute. USAGE where it has no working directory to begin at. */
  path(text: string): string;
  /** Onto its standard output; resolves when it may be given more. */
  print(text: string): Promise<void>;
  /** Onto its standard error. */
  complain(text: string): Promise<void>;
  /** Everything that one of its descriptors gives. */
  read(descriptor: number): Promise<Buffer>;
  /** Nobody waits for the command any more. */
  readonly isGone: boolean;
  /** A native process with the caller's streams, and with so many of its descriptors from 3 on. Once for a command. */
  executor(passed: number): Promise<Executor>;
}

/** The descriptor of the caller's that a path names: what `/dev/stdin` and a shell's `<(…)` mean to it. */
export function namedDescriptor(path: string): number | undefined {
  const at = ["/dev/stdin", "/dev/stdout", "/dev/stderr"].indexOf(path);
  const [, digits] = /^\/(?:dev|proc\/self)\/fd\/(\d{1,9})$/.exec(path) ?? [];
  if (at >= 0) return at;
  return digits === undefined ? undefined : Number(digits);
}

export const hasOpen = ({ pid }: Caller, descriptor: number): boolean =>
  lstatSync(`/proc/${pid}/fd/${descriptor}`, { throwIfNoEntry: false }) !== undefined;

/** A file of the caller's as bytes. Only a regular one is waited for here: others may take their time. */
export async function readCallersFile(caller: Caller, text: string): Promise<Buffer> {
  const path = caller.path(text);
  const named = namedDescriptor(path);
  if (named !== undefined) return caller.read(named);
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  try {
    if (!fstatSync(descriptor).isFIFO()) return readFileSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  const { readFile } = await import("node:fs/promises");
  return readFile(path);
}
