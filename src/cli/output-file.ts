import { createWriteStream, rmSync } from "node:fs";
import { rename, rm, stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { UsageError } from "./options/usage-error.ts";
import { isTerminal, out } from "./terminal/output.ts";

/** A tar is for a file or a program: refused before anything is asked for. */
export function refuseTerminal(file: string | undefined): void {
  if (file === undefined && isTerminal(1))
    throw new UsageError(
      "a tar is not written to a terminal: redirect the output, or name a file with -o",
      1,
    );
}

/**
 * Writes a stream to standard output, or to a file that is there whole or not at all: what came before under its name
 * stays until then. A device or a pipe is written to as it is.
 */
export async function writeOutput(body: AsyncIterable<Uint8Array>, file: string | undefined): Promise<void> {
  if (file === undefined) {
    for await (const part of body) out(part);
    return;
  }
  const before = await stat(file).catch(() => undefined);
  const isPlain = before === undefined || before.isFile();
  const target = isPlain ? `${file}.${process.pid}.partial` : file;
  using _ = isPlain ? removedWith(target) : undefined;
  try {
    await pipeline(body, createWriteStream(target, { flags: isPlain ? "wx" : "w" }));
    if (isPlain) await rename(target, file);
  } catch (error) {
    if (isPlain) await rm(target, { force: true });
    // Where the engine's answer broke off, that is what failed.
    const { syscall, message } = error as NodeJS.ErrnoException;
    throw syscall === undefined ? error : new UsageError(`cannot write "${file}": ${message}`, 1);
  }
}

/** Who is told to end (Ctrl-C) takes the file along that is not whole, and ends as it was told. */
function removedWith(file: string): Disposable {
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  const end = (signal: NodeJS.Signals) => {
    rmSync(file, { force: true });
    for (const each of signals) process.off(each, end);
    process.kill(process.pid, signal);
  };
  for (const each of signals) process.on(each, end);
  return {
    [Symbol.dispose]() {
      for (const each of signals) process.off(each, end);
    },
  };
}
