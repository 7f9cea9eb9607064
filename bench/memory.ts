import { readdirSync, readFileSync } from "node:fs";

/** Proportional set size of a process in bytes: pages that several share count for each in part. */
export function pss(pid: number): number {
  try {
    const kilobytes = /^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1];
    return Number(kilobytes ?? 0) * 1024;
  } catch {
    return 0;
  }
}

export const pssOfAll = (pids: Iterable<number>): number => [...pids].reduce((sum, pid) => sum + pss(pid), 0);

export function parentOf(pid: number): number {
  // proc(5): the command may contain anything, so what follows its last parenthesis is read.
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
}

/** A process and its children, grandchildren and so on, except those that `leaveOut` begins. */
export function family(pid: number, leaveOut: ReadonlySet<number> = new Set()): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    try {
      const parent = parentOf(Number(name));
      children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
    } catch {
      // It ended meanwhile.
    }
  }
  const walk = (from: number): number[] =>
    leaveOut.has(from) ? [] : [from, ...(children.get(from) ?? []).flatMap(walk)];
  return walk(pid);
}
