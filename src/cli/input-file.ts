import { createReadStream, type ReadStream, statSync } from "node:fs";
import { UsageError } from "./options/usage-error.ts";

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "no such file or directory",
  EACCES: "permission denied",
  EISDIR: "it is a folder",
};

/** Why a file cannot be read, for people. */
export function unreadable(error: unknown): string {
  const { code = "", message } = error as NodeJS.ErrnoException;
  return REASONS[code] ?? message;
}

/** Opened before anything is sent, so that a missing file is said as such. */
export function opened(file: string): Promise<ReadStream> {
  return new Promise((resolve, reject) => {
    if (statSync(file, { throwIfNoEntry: false })?.isDirectory())
      return reject(new UsageError(`cannot read "${file}": it is a folder`, 1));
    const stream = createReadStream(file, { highWaterMark: 1 << 20 });
    stream.once("open", () => resolve(stream));
    stream.once("error", (error) => reject(new UsageError(`cannot read "${file}": ${unreadable(error)}`, 1)));
  });
}
