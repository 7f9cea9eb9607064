import type { CgroupSet } from "../set.ts";
import { type BlockIoStats, blockIoStats } from "./block-io.ts";
import { type CpuStats, type CpusetStats, cpuStats, cpusetStats } from "./cpu.ts";
import { folderOf, number } from "./files.ts";
import { type Charge, hugetlbStats, type MemoryStats, memoryStats } from "./memory.ts";

/** A cgroup's use of the machine at one moment; bytes, nanoseconds, counts. */
export interface CgroupStats {
  readonly cpu: CpuStats;
  readonly cpuset: CpusetStats;
  readonly memory: MemoryStats;
  readonly pids: { readonly current: number; readonly limit: number | null };
  readonly blockIo: BlockIoStats;
  /** By size of the page: "2MB". */
  readonly hugetlb: Readonly<Record<string, Charge>>;
}

/** Reads a container's counters from its cgroups; works with or without a monitor. */
export function readStats(set: CgroupSet): CgroupStats {
  return {
    cpu: cpuStats(set),
    cpuset: cpusetStats(set),
    memory: memoryStats(set),
    pids: pidsStats(set),
    blockIo: blockIoStats(set),
    hugetlb: hugetlbStats(set),
  };
}

function pidsStats(set: CgroupSet): CgroupStats["pids"] {
  const folder = folderOf(set, "pids");
  return { current: number(folder, "pids.current") ?? 0, limit: number(folder, "pids.max") };
}
