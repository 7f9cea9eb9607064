import type { CgroupSet } from "../../kernel/cgroup/set.ts";
import type { BlockIoStats, DeviceCount } from "../../kernel/cgroup/stats/block-io.ts";
import type { CpuStats, CpusetStats } from "../../kernel/cgroup/stats/cpu.ts";
import type { Charge, MemoryStats } from "../../kernel/cgroup/stats/memory.ts";
import type { Pressure, Stall } from "../../kernel/cgroup/stats/pressure.ts";
import { readStats } from "../../kernel/cgroup/stats/stats.ts";

/** runc's word for no limit is Go's largest uint64, 2⁶⁴−1; this is the largest number below it that JSON here can hold. */
const UNLIMITED = 2 ** 64 - 2 ** 11;

/** What a container uses, in the members of runc's `events --stats`. */
export function statsOf(set: CgroupSet) {
  const { cpu, cpuset, memory, pids, blockIo, hugetlb } = readStats(set);
  return {
    cpu: cpuOf(cpu),
    cpuset: cpusetOf(cpuset),
    memory: memoryOf(memory),
    pids: counted({ current: pids.current, limit: pids.limit ?? 0 }),
    blkio: blockIoOf(blockIo),
    hugetlb: Object.fromEntries(Object.entries(hugetlb).map(([size, charge]) => [size, pagesOf(charge)])),
    intel_rdt: {},
    network_interfaces: null,
  };
}

function cpuOf({ totalNs, userNs, systemNs, perCpu, throttling, pressure }: CpuStats) {
  return {
    usage: {
      total: Number(totalNs),
      ...listed(
        "percpu",
        perCpu.map((cpu) => Number(cpu.totalNs)),
      ),
      ...listed(
        "percpu_kernel",
        perCpu.map((cpu) => Number(cpu.systemNs)),
      ),
      ...listed(
        "percpu_user",
        perCpu.map((cpu) => Number(cpu.userNs)),
      ),
      kernel: Number(systemNs),
      user: Number(userNs),
    },
    throttling: counted({
      periods: throttling.periods,
      throttledPeriods: throttling.throttled,
      throttledTime: Number(throttling.throttledNs),
    }),
    ...psiOf(pressure),
  };
}

const CPUSET_FLAGS = [
  ...["cpu_exclusive", "mem_hardwall", "mem_exclusive", "memory_migrate", "memory_spread_page"],
  ...["memory_spread_slab", "memory_pressure", "sched_load_balance", "sched_relax_domain_level"],
];

function cpusetOf({ cpus, mems, flags }: CpusetStats) {
  const values = CPUSET_FLAGS.map((name) => [name, flags[name] ?? 0]);
  return { ...listed("cpus", cpus), ...listed("mems", mems), ...Object.fromEntries(values) };
}

function memoryOf(memory: MemoryStats) {
  return {
    ...counted({ cache: memory.cache }),
    usage: chargeOf(memory),
    swap: chargeOf(memory.swap),
    kernel: chargeOf(memory.kernel),
    kernelTCP: chargeOf(memory.kernelTcp),
    raw: memory.stat,
    ...psiOf(memory.pressure),
  };
}

function chargeOf(charge: Charge | null) {
  if (charge === null) return { limit: 0, failcnt: 0 };
  const { limit, usage, peak, failures } = charge;
  return {
    limit: limit === Number.POSITIVE_INFINITY ? UNLIMITED : limit,
    ...counted({ usage, max: peak }),
    failcnt: failures,
  };
}

const pagesOf = ({ usage, peak, failures }: Charge) => ({
  ...counted({ usage, max: peak }),
  failcnt: failures,
});

const BLOCK_IO = {
  ioServiceBytesRecursive: "serviceBytes",
  ioServicedRecursive: "serviced",
  ioQueueRecursive: "queued",
  ioServiceTimeRecursive: "serviceTime",
  ioWaitTimeRecursive: "waitTime",
  ioMergedRecursive: "merged",
  ioTimeRecursive: "time",
  sectorsRecursive: "sectors",
} as const;

function blockIoOf(stats: BlockIoStats): Record<string, object> {
  const members = Object.entries(BLOCK_IO).map(([member, table]) =>
    listed(member, stats[table].map(entryOf)),
  );
  return Object.assign({}, ...members, psiOf(stats.pressure));
}

function psiOf(pressure: Pressure | null) {
  const stallOf = ({ totalUs, ...averages }: Stall) => ({ ...averages, total: Number(totalUs) });
  return pressure === null ? {} : { psi: { some: stallOf(pressure.some), full: stallOf(pressure.full) } };
}

const entryOf = ({ major, minor, operation, value }: DeviceCount) => ({
  ...counted({ major, minor }),
  ...(operation === "" ? {} : { op: operation }),
  ...counted({ value }),
});

/** Go's `omitempty`: what is zero is not written. */
function counted(members: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== 0));
}

const listed = <T>(name: string, list: readonly T[]): Record<string, readonly T[]> =>
  list.length === 0 ? {} : { [name]: list };
