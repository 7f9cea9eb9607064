import { once } from "node:events";
import { readSync } from "node:fs";
import { UsageError } from "../options/usage-error.ts";
import { err } from "./output.ts";

/** One line, as it is typed on the terminal. */
export function askLine(question: string): string {
  err(question);
  const bytes = Buffer.alloc(1);
  const line: number[] = [];
  while (readSync(0, bytes) > 0 && bytes[0] !== 10) line.push(bytes[0] ?? 0);
  return Buffer.from(line).toString("utf8").replace(/\r$/, "");
}

/** What a key does to the line: ends it, takes its last character away, or adds to it. */
function typed(line: string, text: string): { readonly line: string; readonly isDone: boolean } {
  for (const key of text) {
    // The terminal is raw: Ctrl-C is for us to see.
    if (key === "\u0003") throw new UsageError("stopped", 1);
    if (key === "\r" || key === "\n" || key === "\u0004") return { line, isDone: true };
    if (key === "\u007f" || key === "\b") line = [...line].slice(0, -1).join("");
    else if (key >= " ") line += key;
  }
  return { line, isDone: false };
}

/** The same without showing it. */
export async function askSecret(question: string): Promise<string> {
  err(question);
  const { stdin } = process;
  stdin.setRawMode(true);
  stdin.setEncoding("utf8");
  stdin.resume();
  try {
    for (let line = ""; ; ) {
      const [text] = (await once(stdin, "data")) as [string];
      const next = typed(line, text);
      if (next.isDone) return next.line;
      line = next.line;
    }
  } finally {
    stdin.setRawMode(false);
    stdin.pause();
    err("\n");
  }
}
