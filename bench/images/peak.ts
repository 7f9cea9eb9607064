/** The most memory that an engine's processes hold during a piece of work. */
import { readFileSync, writeFileSync } from "node:fs";

/**
 * Milliseconds between two looks. A process counts from the second one on: until it has its own program, a child that was
 * made by vfork(2) shows all memory of its parent as its own. One that lives shorter is missed.
 */
const every = 20;

function field(pid: number, name: string): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

/** Bytes that processes hold now. */
export const heldBy = (processes: readonly number[]): number =>
  processes.reduce((sum, pid) => sum + field(pid, "VmRSS"), 0);

/**
 * Bytes: the kernel's own peak (VmHWM) of those that ran before, and the most that the others were seen to hold at one
 * time. More than the truth rather than less, as pages that processes share count for each.
 */
export async function peakOf(processes: () => number[], work: () => Promise<unknown>): Promise<number> {
  const lasting = processes();
  // proc(5): 5 resets the peak.
  for (const pid of lasting) writeFileSync(`/proc/${pid}/clear_refs`, "5");
  let others = 0;
  let before: readonly number[] = [];
  const look = () => {
    const now = processes().filter((pid) => !lasting.includes(pid));
    const counted = now.filter((pid) => before.includes(pid));
    before = now;
    others = Math.max(
      others,
      counted.reduce((sum, pid) => sum + field(pid, "VmRSS"), 0),
    );
  };
  const timer = setInterval(look, every);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  return others + lasting.reduce((sum, pid) => sum + field(pid, "VmHWM"), 0);
}
