import type { SpecCpu } from "../../oci/runtime-spec.ts";
import { given, integer, invalid, refuseOnV2, type Setting } from "./setting.ts";

const write = (controller: "cpu" | "cpuset", file: string, value: string, at: string): Setting => ({
  controller,
  file,
  value,
  at: `/cpu/${at}`,
});

/** Documentation/scheduler/sched-bwc.rst; a burst above the old quota is refused, so the quota comes first. */
export function cpuV1(cpu: SpecCpu): Setting[] {
  checkBandwidth(cpu);
  const settings: Setting[] = [];
  if (given(cpu.shares)) settings.push(write("cpu", "cpu.shares", integer(cpu.shares), "shares"));
  if (given(cpu.period)) settings.push(write("cpu", "cpu.cfs_period_us", integer(cpu.period), "period"));
  if (given(cpu.quota)) settings.push(write("cpu", "cpu.cfs_quota_us", integer(cpu.quota), "quota"));
  if (cpu.burst !== undefined) settings.push(write("cpu", "cpu.cfs_burst_us", integer(cpu.burst), "burst"));
  if (given(cpu.realtimePeriod)) {
    settings.push(write("cpu", "cpu.rt_period_us", integer(cpu.realtimePeriod), "realtimePeriod"));
  }
  if (given(cpu.realtimeRuntime)) {
    settings.push(write("cpu", "cpu.rt_runtime_us", integer(cpu.realtimeRuntime), "realtimeRuntime"));
  }
  return [...settings, ...common(cpu)];
}

export function cpuV2(cpu: SpecCpu): Setting[] {
  checkBandwidth(cpu);
  refuseOnV2(given(cpu.realtimeRuntime), "/cpu/realtimeRuntime", "a limit of realtime scheduling");
  refuseOnV2(given(cpu.realtimePeriod), "/cpu/realtimePeriod", "a limit of realtime scheduling");
  const settings: Setting[] = [];
  if (given(cpu.shares)) {
    settings.push(write("cpu", "cpu.weight", String(weightOfShares(cpu.shares)), "shares"));
  }
  if (given(cpu.quota) || given(cpu.period)) {
    const quota = given(cpu.quota) && cpu.quota > 0 ? integer(cpu.quota) : "max";
    const value = given(cpu.period) ? `${quota} ${integer(cpu.period)}` : quota;
    settings.push(write("cpu", "cpu.max", value, given(cpu.quota) ? "quota" : "period"));
  }
  if (cpu.burst !== undefined) settings.push(write("cpu", "cpu.max.burst", integer(cpu.burst), "burst"));
  return [...settings, ...common(cpu)];
}

function common(cpu: SpecCpu): Setting[] {
  const settings: Setting[] = [];
  if (cpu.idle !== undefined) settings.push(write("cpu", "cpu.idle", integer(cpu.idle), "idle"));
  if (cpu.cpus !== undefined && cpu.cpus !== "") {
    settings.push(write("cpuset", "cpuset.cpus", cpu.cpus, "cpus"));
  }
  if (cpu.mems !== undefined && cpu.mems !== "") {
    settings.push(write("cpuset", "cpuset.mems", cpu.mems, "mems"));
  }
  return settings;
}

// kernel/sched/core.c, tg_set_cfs_bandwidth: both lie between 1 ms and 1 s, a quota has no upper end.
const LEAST_US = 1000;
const LONGEST_US = 1_000_000;

/** What every kernel refuses with a bare EINVAL. */
function checkBandwidth({ quota, period, burst }: SpecCpu): void {
  if (given(quota) && quota > 0 && quota < LEAST_US)
    throw invalid("/cpu/quota", `cannot set a quota of ${quota} µs`, `the least is ${LEAST_US} µs`);
  if (given(period) && (period < LEAST_US || period > LONGEST_US))
    throw invalid("/cpu/period", `cannot set a period of ${period} µs`, "it has to be 1000 to 1000000 µs");
  if (given(quota) && quota > 0 && given(burst) && burst > quota)
    throw invalid("/cpu/burst", `cannot set a burst of ${burst} µs`, `it is above the quota of ${quota} µs`);
}

const MIN_SHARES = 2;
const MAX_SHARES = 262_144;

/**
 * v1 shares (2 to 262144, default 1024) as a v2 weight (1 to 10000, default 100): the curve through those three pairs
 * that runc 1.4, crun 1.23 and Kubernetes (KEP-2254) agreed upon.
 */
export function weightOfShares(shares: number): number {
  const exponent = Math.log2(Math.min(Math.max(shares, MIN_SHARES), MAX_SHARES));
  const weight = Math.ceil(10 ** ((exponent * exponent + 125 * exponent) / 612 - 7 / 34));
  return Math.min(Math.max(weight, 1), 10_000);
}
