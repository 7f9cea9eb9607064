import { readFileSync } from "node:fs";
import { libc } from "./libc.ts";

// madvise(2)
const MADV_DONTNEED = 4;

interface Mapping {
  readonly from: bigint;
  readonly size: number;
}

/**
 * Gives back what an idle process does not need: compiled code (a third of a daemon that has started 50 containers; it
 * is made again where it is wanted again), dead objects, and the pages of the executable that only its start touched.
 * A page that is wanted again comes back from the page cache by itself. Only mappings without a page of this process's
 * own are let go (madvise(2), MADV_DONTNEED: private changes would be lost).
 */
export function giveBackMemory(): void {
  Bun.shrink();
  Bun.gc(true);
  for (const { from, size } of untouchedMappings(readFileSync("/proc/self/smaps", "utf8")))
    libc().madvise(from, size, MADV_DONTNEED);
}

/** proc_pid_smaps(5): file mappings that cannot be written to and hold nothing but the file's pages. */
export function untouchedMappings(smaps: string): Mapping[] {
  const blocks = smaps.split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m);
  return blocks.flatMap((block) => {
    const head = /^([0-9a-f]+)-([0-9a-f]+) r-[x-]p \S+ \S+ [1-9]\d* +\//.exec(block);
    const own = /^(?:Private_Dirty|Shared_Dirty|Anonymous|Swap): +[1-9]/m.test(block);
    const [, from, to] = head ?? [];
    if (from === undefined || to === undefined || own) return [];
    return [{ from: BigInt(`0x${from}`), size: Number(BigInt(`0x${to}`) - BigInt(`0x${from}`)) }];
  });
}
