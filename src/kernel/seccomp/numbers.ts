import { readFileSync } from "node:fs";
import file from "./numbers.json" with { type: "file" };

/** Of every architecture the number of each system call, by name (scripts/generate-syscall-numbers.ts). */
export type CallNumbers = typeof file;

// TypeScript sees what is in the file; Bun hands over the file's path, in a compiled executable too.
const path = file as unknown as string;

let read: CallNumbers | undefined;

/** Read when first asked for: as an object literal its 1,600 names would cost every start of a command 0.3 ms. */
export function callNumbers(): CallNumbers {
  read ??= JSON.parse(readFileSync(path, "utf8")) as CallNumbers;
  return read;
}
