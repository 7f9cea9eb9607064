/** How a process gets processors, disks and memory: the kernel's numbers for the specification's names. */

/** include/uapi/linux/sched.h, SCHED_*. SCHED_ISO (4) is reserved there, and refused by every kernel. */
export const POLICIES = {
  SCHED_OTHER: 0,
  SCHED_FIFO: 1,
  SCHED_RR: 2,
  SCHED_BATCH: 3,
  SCHED_ISO: 4,
  SCHED_IDLE: 5,
  SCHED_DEADLINE: 6,
} as const;

/** include/uapi/linux/sched.h, SCHED_FLAG_*. */
export const SCHEDULER_FLAGS: Readonly<Record<string, number>> = {
  SCHED_FLAG_RESET_ON_FORK: 0x01,
  SCHED_FLAG_RECLAIM: 0x02,
  SCHED_FLAG_DL_OVERRUN: 0x04,
  SCHED_FLAG_KEEP_POLICY: 0x08,
  SCHED_FLAG_KEEP_PARAMS: 0x10,
  SCHED_FLAG_UTIL_CLAMP_MIN: 0x20,
  SCHED_FLAG_UTIL_CLAMP_MAX: 0x40,
};

/** include/uapi/linux/ioprio.h, IOPRIO_CLASS_*. */
export const IO_CLASSES: Readonly<Record<string, number>> = {
  IOPRIO_CLASS_RT: 1,
  IOPRIO_CLASS_BE: 2,
  IOPRIO_CLASS_IDLE: 3,
};
const IO_CLASS_SHIFT = 13;

export const ioPriorityValue = (ioClass: number, level: number): number =>
  (ioClass << IO_CLASS_SHIFT) | level;

/** include/uapi/linux/personality.h; 0 is PER_LINUX. */
export const PER_LINUX32 = 8;
export const PERSONALITIES: Readonly<Record<string, number>> = { LINUX: 0, LINUX32: PER_LINUX32 };

/** include/uapi/linux/mempolicy.h, MPOL_*. */
export const MEMORY_MODES: Readonly<Record<string, number>> = {
  MPOL_DEFAULT: 0,
  MPOL_PREFERRED: 1,
  MPOL_BIND: 2,
  MPOL_INTERLEAVE: 3,
  MPOL_LOCAL: 4,
  MPOL_PREFERRED_MANY: 5,
  MPOL_WEIGHTED_INTERLEAVE: 6,
};

/** include/uapi/linux/mempolicy.h, MPOL_F_*. */
export const MEMORY_FLAGS: Readonly<Record<string, number>> = {
  MPOL_F_STATIC_NODES: 1 << 15,
  MPOL_F_RELATIVE_NODES: 1 << 14,
  MPOL_F_NUMA_BALANCING: 1 << 13,
};

const nameOf = (table: Readonly<Record<string, number>>, value: number): string =>
  Object.entries(table).find(([, number]) => number === value)?.[0] ?? String(value);

interface Schedule {
  readonly policy: number;
  readonly nice: number;
  readonly priority: number;
  readonly runtime: bigint;
  readonly period: bigint;
}

/** `by SCHED_FIFO, priority 10` */
export function schedulerWords({ policy, nice, priority, runtime, period }: Schedule): string {
  return [
    `by ${nameOf(POLICIES, policy)}`,
    ...(nice === 0 ? [] : [`nice ${nice}`]),
    ...(priority === 0 ? [] : [`priority ${priority}`]),
    ...(runtime === 0n ? [] : [`${runtime} ns of each ${period}`]),
  ].join(", ");
}

/** `IOPRIO_CLASS_BE 4` */
export const ioPriorityWord = (value: number): string =>
  `${nameOf(IO_CLASSES, value >> IO_CLASS_SHIFT)} ${value & ((1 << IO_CLASS_SHIFT) - 1)}`;

/** `MPOL_BIND` */
export const memoryPolicyWord = (mode: number): string => nameOf(MEMORY_MODES, mode & 0x1fff);
