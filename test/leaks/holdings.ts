import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** What a process holds of the machine. */
export interface Holdings {
  readonly descriptors: readonly string[];
  /** Lines of its mount table that name a folder. */
  readonly mounts: number;
}

export function holdingsOf(pid: number | "self", folder: string): Holdings {
  return {
    descriptors: readdirSync(`/proc/${pid}/fd`)
      .map((fd) => kindOf(pid, fd))
      .sort(),
    mounts: readFileSync(`/proc/${pid}/mountinfo`, "utf8")
      .split("\n")
      .filter((line) => line.includes(folder)).length,
  };
}

/** What a descriptor is open on, without the numbers that differ between two of a kind. */
function kindOf(pid: number | "self", fd: string): string {
  try {
    return readlinkSync(`/proc/${pid}/fd/${fd}`).replace(/\[\d+\]|\d{3,}/g, "");
  } catch {
    return "closed";
  }
}

/** Kilobytes: its own, and its share of what it has in common with others. */
export function memoryOf(pid: number): number {
  return Number(/^Pss: +(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1]);
}

/** Kilobytes with all of what it shares: its growth says nothing of other daemons that come and go. */
export function residentOf(pid: number): number {
  return Number(/^Rss: +(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1]);
}

/** Kilobytes that the kernel cannot give back, of the whole machine: told, not judged. */
export function kernelMemory(): number {
  return Number(/^SUnreclaim: +(\d+) kB/m.exec(readFileSync("/proc/meminfo", "utf8"))?.[1]);
}

/** A short run in the gate; `npm run test:long` makes a thousand. */
export const CYCLES = Number(process.env["INRO_CYCLES"] ?? 25);

/** Looks until it sees what it should, for two seconds. */
export async function settled<T>(look: () => T | Promise<T>, expected: T): Promise<T> {
  for (let tries = 0; ; tries++) {
    const found = await look();
    if (tries > 100 || Bun.deepEquals(found, expected)) return found;
    await Bun.sleep(20);
  }
}
