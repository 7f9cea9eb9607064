import { readFileSync } from "node:fs";
import { becomeProgram } from "./exec.ts";

/** What JavaScriptCore takes the machine's memory for, in bytes: it collects each time that a quarter of that was allocated. */
const MEMORY = 32 << 20;
const OPTION = "BUN_JSC_forceRAMSize";

/**
 * Left to itself JavaScriptCore collects when a heap has grown by 32 MB and lets it double before the next time: garbage
 * of 80 MB lies where 20 MB are in use, and in so many pieces that hardly a page of it can be given back. Its options
 * come from the environment as it starts, so this process becomes itself once more (8 ms); its children see nothing of it.
 */
export function withSmallHeap(): void {
  if (process.env[OPTION] === undefined) {
    const words = readFileSync("/proc/self/cmdline", "utf8").split("\0").slice(0, -1);
    becomeProgram(process.execPath, words, { [OPTION]: String(MEMORY) });
  }
  delete process.env[OPTION];
}
