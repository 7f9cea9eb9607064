import { readdirSync } from "node:fs";
import type { CgroupFolder, CgroupSet } from "../set.ts";
import { folderOf, number, table } from "./files.ts";
import { type Pressure, readPressure } from "./pressure.ts";

/** What is charged to a cgroup, in bytes. */
export interface Charge {
  readonly usage: number;
  /** Infinity when there is none. */
  readonly limit: number;
  /** The most there was so far; 0 where the kernel does not say. */
  readonly peak: number;
  /** How often the limit was met. */
  readonly failures: number;
}

export interface MemoryStats extends Charge {
  /** Pages of files, among `usage`. */
  readonly cache: number;
  /** Memory and swap together, as the specification's limit counts them. Null without swap accounting. */
  readonly swap: Charge | null;
  /** v1 alone counts the kernel's own apart. */
  readonly kernel: Charge | null;
  readonly kernelTcp: Charge | null;
  /** Processes that were killed for want of memory. */
  readonly oomKills: number;
  /** memory.stat as the kernel writes it; its keys differ between v1 and v2. */
  readonly stat: Readonly<Record<string, number>>;
  readonly pressure: Pressure | null;
}

/** v1 answers PAGE_COUNTER_MAX in bytes for "no limit" (mm/page_counter.c), just below 2⁶³. */
const V1_UNLIMITED = 2 ** 62;
const NOTHING: Charge = { usage: 0, limit: Number.POSITIVE_INFINITY, peak: 0, failures: 0 };

export function memoryStats(set: CgroupSet): MemoryStats {
  const folder = folderOf(set, "memory");
  const stat = Object.fromEntries(
    [...table(folder, "memory.stat")].map(([key, value]) => [key, Number(value)]),
  );
  const charges = folder?.version === 2 ? memoryV2(folder) : memoryV1(folder);
  const events = table(folder, folder?.version === 2 ? "memory.events" : "memory.oom_control");
  return {
    ...charges,
    cache: stat[folder?.version === 2 ? "file" : "cache"] ?? 0,
    oomKills: Number(events.get("oom_kill") ?? 0n),
    stat,
    pressure: readPressure(set, "memory"),
  };
}

function memoryV1(folder: CgroupFolder | undefined) {
  return {
    ...(chargeV1(folder, "memory") ?? NOTHING),
    swap: chargeV1(folder, "memory.memsw"),
    kernel: chargeV1(folder, "memory.kmem"),
    kernelTcp: chargeV1(folder, "memory.kmem.tcp"),
  };
}

function memoryV2(folder: CgroupFolder) {
  const memory = chargeV2(folder, "memory") ?? NOTHING;
  const swap = chargeV2(folder, "memory.swap");
  const together = swap && {
    usage: memory.usage + swap.usage,
    limit: memory.limit + swap.limit,
    // The two had their peaks at different times.
    peak: 0,
    failures: swap.failures,
  };
  return { ...memory, swap: together, kernel: null, kernelTcp: null };
}

/** Documentation/admin-guide/cgroup-v1/memory.rst and hugetlb.rst name their files alike. */
function chargeV1(folder: CgroupFolder | undefined, subject: string): Charge | null {
  const usage = number(folder, `${subject}.usage_in_bytes`);
  if (usage === null) return null;
  const limit = number(folder, `${subject}.limit_in_bytes`) ?? V1_UNLIMITED;
  return {
    usage,
    limit: limit >= V1_UNLIMITED ? Number.POSITIVE_INFINITY : limit,
    peak: number(folder, `${subject}.max_usage_in_bytes`) ?? 0,
    failures: number(folder, `${subject}.failcnt`) ?? 0,
  };
}

/** Documentation/admin-guide/cgroup-v2.rst: memory, memory.swap and hugetlb.<size>. */
function chargeV2(folder: CgroupFolder, subject: string): Charge | null {
  const usage = number(folder, `${subject}.current`);
  if (usage === null) return null;
  return {
    usage,
    limit: number(folder, `${subject}.max`) ?? Number.POSITIVE_INFINITY,
    peak: number(folder, `${subject}.peak`) ?? 0,
    failures: Number(table(folder, `${subject}.events`).get("max") ?? 0n),
  };
}

/**
 * By size of the page ("2MB"). config-linux.md, "Huge page limits": reservations where the kernel counts them, else
 * what is in use.
 */
export function hugetlbStats(set: CgroupSet): Readonly<Record<string, Charge>> {
  const folder = folderOf(set, "hugetlb");
  if (folder === undefined) return {};
  const charge = folder.version === 2 ? chargeV2 : chargeV1;
  return Object.fromEntries(
    pageSizes(folder).flatMap((size): [string, Charge][] => {
      const found = charge(folder, `hugetlb.${size}.rsvd`) ?? charge(folder, `hugetlb.${size}`);
      return found === null ? [] : [[size, found]];
    }),
  );
}

function pageSizes({ path, version }: CgroupFolder): string[] {
  const file = version === 2 ? /^hugetlb\.(\d+[KMG]B)\.current$/ : /^hugetlb\.(\d+[KMG]B)\.usage_in_bytes$/;
  try {
    return readdirSync(path).flatMap((name) => file.exec(name)?.[1] ?? []);
  } catch {
    return [];
  }
}
