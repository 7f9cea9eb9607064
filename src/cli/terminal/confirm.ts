import { readSync } from "node:fs";
import { err } from "./output.ts";

/** Asks on standard error; only an answer that begins with y is a yes, an end of input is a no. */
export function confirmed(question: string): boolean {
  err(`${question} [y/N] `);
  const bytes = Buffer.alloc(16);
  return /^y/i.test(bytes.toString("utf8", 0, readSync(0, bytes)));
}
