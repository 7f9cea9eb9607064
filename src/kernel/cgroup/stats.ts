import { readFileSync } from "node:fs";
import type { CgroupFolder, CgroupSet } from "./set.ts";

/** A cgroup's use of the machine at one moment; bytes, nanoseconds, counts. */
export interface CgroupStats {
  readonly cpu: {
    readonly totalNs: bigint;
    readonly userNs: bigint;
    readonly systemNs: bigint;
    readonly throttling: {
      readonly periods: number;
      readonly throttled: number;
      readonly throttledNs: bigint;
    };
  };
  readonly memory: {
    readonly usage: number;
    /** Infinity when there is none. */
    readonly limit: number;
    readonly stat: Readonly<Record<string, number>>;
  };
  readonly pids: { readonly current: number; readonly limit: number | null };
}

// clock ticks of cpuacct.stat: USER_HZ is 100 on every architecture we run on (sysconf(3), _SC_CLK_TCK).
const NS_PER_TICK = 10_000_000n;
const NS_PER_US = 1000n;
/** v1 answers PAGE_COUNTER_MAX in bytes for "no limit" (mm/page_counter.c), just below 2⁶³. */
const V1_UNLIMITED = 2 ** 62;

/** Reads a container's counters from its cgroups; works with or without a monitor. */
export function readStats(set: CgroupSet): CgroupStats {
  return { cpu: cpuStats(set), memory: memoryStats(set), pids: pidsStats(set) };
}

function cpuStats(set: CgroupSet): CgroupStats["cpu"] {
  const cpu = folderOf(set, "cpu");
  const stat = table(cpu, "cpu.stat");
  const throttling = {
    periods: Number(stat.get("nr_periods") ?? 0n),
    throttled: Number(stat.get("nr_throttled") ?? 0n),
    throttledNs: stat.get("throttled_time") ?? (stat.get("throttled_usec") ?? 0n) * NS_PER_US,
  };
  const accounting = folderOf(set, "cpuacct");
  if (accounting?.version === 1) {
    const ticks = table(accounting, "cpuacct.stat");
    return {
      totalNs: BigInt(text(accounting, "cpuacct.usage").trim() || "0"),
      userNs: (ticks.get("user") ?? 0n) * NS_PER_TICK,
      systemNs: (ticks.get("system") ?? 0n) * NS_PER_TICK,
      throttling,
    };
  }
  // cpu.stat of v2 counts time even where the cpu controller is not enabled.
  const unified =
    cpu?.version === 2
      ? stat
      : table(
          set.find((folder) => folder.version === 2),
          "cpu.stat",
        );
  const ns = (key: string): bigint => (unified.get(key) ?? 0n) * NS_PER_US;
  return { totalNs: ns("usage_usec"), userNs: ns("user_usec"), systemNs: ns("system_usec"), throttling };
}

function memoryStats(set: CgroupSet): CgroupStats["memory"] {
  const folder = folderOf(set, "memory");
  const stat = Object.fromEntries(
    [...table(folder, "memory.stat")].map(([key, value]) => [key, Number(value)]),
  );
  const v2 = folder?.version === 2;
  const usage = number(text(folder, v2 ? "memory.current" : "memory.usage_in_bytes"));
  const limit = number(text(folder, v2 ? "memory.max" : "memory.limit_in_bytes"));
  return {
    usage: usage ?? 0,
    limit: limit === null || limit >= V1_UNLIMITED ? Number.POSITIVE_INFINITY : limit,
    stat,
  };
}

function pidsStats(set: CgroupSet): CgroupStats["pids"] {
  const folder = folderOf(set, "pids");
  return { current: number(text(folder, "pids.current")) ?? 0, limit: number(text(folder, "pids.max")) };
}

const folderOf = (set: CgroupSet, controller: string): CgroupFolder | undefined =>
  set.find((folder) => folder.controllers.includes(controller));

/** Null for `max`, and for what is not there. */
function number(value: string): number | null {
  const trimmed = value.trim();
  return trimmed === "" || trimmed === "max" ? null : Number(trimmed);
}

function table(folder: CgroupFolder | undefined, file: string): Map<string, bigint> {
  const rows = text(folder, file).split("\n");
  return new Map(
    rows.flatMap((row): [string, bigint][] => {
      const [key, value] = row.split(" ");
      return key && value && /^\d+$/.test(value) ? [[key, BigInt(value)]] : [];
    }),
  );
}

/** Empty when the file or the cgroup is not there: a container may end while it is being read. */
function text(folder: CgroupFolder | undefined, file: string): string {
  if (folder === undefined) return "";
  try {
    return readFileSync(`${folder.path}/${file}`, "utf8");
  } catch {
    return "";
  }
}
