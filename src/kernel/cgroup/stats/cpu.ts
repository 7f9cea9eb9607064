import type { CgroupFolder, CgroupSet } from "../set.ts";
import { folderOf, parseList, rows, table, text, unifiedOf } from "./files.ts";
import { type Pressure, readPressure } from "./pressure.ts";

/** Time of one processor. */
export interface CpuTime {
  readonly totalNs: bigint;
  readonly userNs: bigint;
  readonly systemNs: bigint;
}

export interface CpuStats extends CpuTime {
  /** By number of the processor; v1 alone counts that. */
  readonly perCpu: readonly CpuTime[];
  readonly throttling: {
    readonly periods: number;
    readonly throttled: number;
    readonly throttledNs: bigint;
  };
  readonly pressure: Pressure | null;
}

/** Where the container may run. */
export interface CpusetStats {
  readonly cpus: readonly number[];
  readonly mems: readonly number[];
  /** v1's switches by their files' names: `cpu_exclusive`, `memory_migrate`, `sched_load_balance`, … */
  readonly flags: Readonly<Record<string, number>>;
}

// clock ticks of cpuacct.stat: USER_HZ is 100 on every architecture we run on (sysconf(3), _SC_CLK_TCK).
const NS_PER_TICK = 10_000_000n;
const NS_PER_US = 1000n;

export function cpuStats(set: CgroupSet): CpuStats {
  const stat = table(folderOf(set, "cpu"), "cpu.stat");
  const throttling = {
    periods: Number(stat.get("nr_periods") ?? 0n),
    throttled: Number(stat.get("nr_throttled") ?? 0n),
    throttledNs: stat.get("throttled_time") ?? (stat.get("throttled_usec") ?? 0n) * NS_PER_US,
  };
  const accounting = folderOf(set, "cpuacct");
  const used = accounting?.version === 1 ? timeV1(accounting) : timeV2(set);
  return { ...used, throttling, pressure: readPressure(set, "cpu") };
}

function timeV1(accounting: CgroupFolder): CpuTime & { perCpu: CpuTime[] } {
  const ticks = table(accounting, "cpuacct.stat");
  return {
    totalNs: BigInt(text(accounting, "cpuacct.usage").trim() || "0"),
    userNs: (ticks.get("user") ?? 0n) * NS_PER_TICK,
    systemNs: (ticks.get("system") ?? 0n) * NS_PER_TICK,
    perCpu: perCpuV1(accounting),
  };
}

/** The sum is exact; user and system are known by ticks. */
function perCpuV1(accounting: CgroupFolder): CpuTime[] {
  const [, ...modes] = rows(text(accounting, "cpuacct.usage_all"));
  const [totals = []] = rows(text(accounting, "cpuacct.usage_percpu"));
  return modes.map(([, user = "0", system = "0"], cpu) => ({
    totalNs: BigInt(totals[cpu] ?? "0"),
    userNs: BigInt(user),
    systemNs: BigInt(system),
  }));
}

/** cpu.stat of v2 counts time even where the cpu controller is not enabled. */
function timeV2(set: CgroupSet): CpuTime & { perCpu: CpuTime[] } {
  const stat = table(unifiedOf(set), "cpu.stat");
  const ns = (key: string): bigint => (stat.get(key) ?? 0n) * NS_PER_US;
  return { totalNs: ns("usage_usec"), userNs: ns("user_usec"), systemNs: ns("system_usec"), perCpu: [] };
}

// Documentation/admin-guide/cgroup-v1/cpusets.rst
const FLAGS = [
  "cpu_exclusive",
  "mem_exclusive",
  "mem_hardwall",
  "memory_migrate",
  "memory_pressure",
  "memory_spread_page",
  "memory_spread_slab",
  "sched_load_balance",
  "sched_relax_domain_level",
] as const;

export function cpusetStats(set: CgroupSet): CpusetStats {
  const folder = folderOf(set, "cpuset");
  const suffix = folder?.version === 2 ? ".effective" : "";
  const flags = folder?.version === 1 ? FLAGS : [];
  return {
    cpus: parseList(text(folder, `cpuset.cpus${suffix}`)),
    mems: parseList(text(folder, `cpuset.mems${suffix}`)),
    flags: Object.fromEntries(flags.map((flag) => [flag, Number(text(folder, `cpuset.${flag}`))])),
  };
}
