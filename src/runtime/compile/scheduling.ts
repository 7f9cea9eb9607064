import { parseNumberList } from "../../kernel/number-list.ts";
import type { Op } from "../../kernel/plan/operations.ts";
import {
  IO_CLASSES,
  ioPriorityValue,
  MEMORY_FLAGS,
  MEMORY_MODES,
  PERSONALITIES,
  POLICIES,
  SCHEDULER_FLAGS,
} from "../../kernel/scheduling.ts";
import { InroError } from "../../oci/error.ts";
import type {
  SpecIoPriority,
  SpecLinux,
  SpecMemoryPolicy,
  SpecPersonality,
  SpecProcess,
  SpecScheduler,
} from "../../oci/runtime-spec.ts";

/** What a process is before it is confined: how it gets processors, disks and memory, and what machine it sees. */
export interface Scheduling {
  readonly process: SpecProcess;
  readonly linux: Pick<SpecLinux, "personality" | "memoryPolicy">;
  readonly becauseOf: (pointer: string) => string;
}

/** config.md, "Linux Process", and config-linux.md, "Memory policy" and "Personality". */
export function schedulingOps({ process, linux, becauseOf }: Scheduling): Op[] {
  const { scheduler, ioPriority } = process;
  const { memoryPolicy, personality } = linux;
  return [
    ...(scheduler === undefined ? [] : [schedulerOp(scheduler, becauseOf)]),
    ...(ioPriority === undefined ? [] : [ioPriorityOp(ioPriority, becauseOf)]),
    ...(memoryPolicy === undefined ? [] : [memoryPolicyOp(memoryPolicy, becauseOf)]),
    ...(personality === undefined ? [] : [personalityOp(personality, becauseOf)]),
  ];
}

const REAL_TIME: readonly number[] = [POLICIES.SCHED_FIFO, POLICIES.SCHED_RR];
const FAIR: readonly number[] = [POLICIES.SCHED_OTHER, POLICIES.SCHED_BATCH, POLICIES.SCHED_IDLE];

/** sched_setattr(2): what a policy does not look at may not be asked for, else a wish would be passed over. */
function schedulerOp(wanted: SpecScheduler, becauseOf: Scheduling["becauseOf"]): Op {
  const at = "/process/scheduler";
  const policy = named(POLICIES, wanted.policy, `${at}/policy`);
  const { nice = 0, priority = 0 } = wanted;
  const [runtime, deadline, period] = [wanted.runtime ?? 0, wanted.deadline ?? 0, wanted.period ?? 0].map(
    BigInt,
  );
  const timed = [runtime, deadline, period].some((time) => time !== 0n);
  if (nice < -20 || nice > 19) throw bad(`${at}/nice`, `${nice} is not between -20 and 19`);
  if (nice !== 0 && !FAIR.includes(policy)) throw bad(`${at}/nice`, `${wanted.policy} takes no nice value`);
  if (priority !== 0 && !REAL_TIME.includes(policy)) {
    throw bad(`${at}/priority`, `only SCHED_FIFO and SCHED_RR take a priority, not ${wanted.policy}`);
  }
  if (timed && policy !== POLICIES.SCHED_DEADLINE) {
    throw bad(at, `only SCHED_DEADLINE takes runtime, deadline and period, not ${wanted.policy}`);
  }
  const flags = BigInt(flagBits(SCHEDULER_FLAGS, wanted.flags, `${at}/flags`));
  const times = { runtime: runtime as bigint, deadline: deadline as bigint, period: period as bigint };
  return { kind: "scheduler", policy, flags, nice, priority, ...times, because: becauseOf(at) };
}

function ioPriorityOp(wanted: SpecIoPriority, becauseOf: Scheduling["becauseOf"]): Op {
  const at = "/process/ioPriority";
  const level = wanted.priority;
  if (level < 0 || level > 7) throw bad(`${at}/priority`, `${level} is not between 0 and 7`);
  const priority = ioPriorityValue(named(IO_CLASSES, wanted.class, `${at}/class`), level);
  return { kind: "ioPriority", priority, because: becauseOf(at) };
}

function memoryPolicyOp(wanted: SpecMemoryPolicy, becauseOf: Scheduling["becauseOf"]): Op {
  const at = "/linux/memoryPolicy";
  const mode =
    named(MEMORY_MODES, wanted.mode, `${at}/mode`) | flagBits(MEMORY_FLAGS, wanted.flags, `${at}/flags`);
  const nodes = numbersOf(wanted.nodes ?? "", `${at}/nodes`);
  return { kind: "memoryPolicy", mode, nodes, because: becauseOf(at) };
}

function personalityOp(wanted: SpecPersonality, becauseOf: Scheduling["becauseOf"]): Op {
  const at = "/linux/personality";
  // config-linux.md, "Personality": currently no flag values are supported.
  if ((wanted.flags ?? []).length > 0) throw bad(`${at}/flags`, "no flags are supported");
  return {
    kind: "personality",
    domain: named(PERSONALITIES, wanted.domain, `${at}/domain`),
    because: becauseOf(at),
  };
}

/**
 * config.md, `execCPUAffinity`: where a program that is executed in a container begins, and where it runs once it is in
 * the container's cgroups (which give it their own processors). Not for the container's first process.
 */
export function affinityOps(process: SpecProcess): { readonly initial: Op[]; readonly final: Op[] } {
  const at = "/process/execCPUAffinity";
  const { initial = "", final = "" } = process.execCPUAffinity ?? {};
  const op = (list: string, name: string): Op[] => {
    const cpus = numbersOf(list, `${at}/${name}`);
    return cpus.length === 0 ? [] : [{ kind: "cpuAffinity", cpus, because: at }];
  };
  return { initial: op(initial, "initial"), final: op(final, "final") };
}

function numbersOf(list: string, at: string): Uint8Array {
  const numbers = parseNumberList(list);
  if (numbers === undefined) throw bad(at, `"${list}" is not a list of numbers and ranges like "0-3,7"`);
  return numbers;
}

function named(table: Readonly<Record<string, number>>, name: string, at: string): number {
  const value = Object.hasOwn(table, name) ? table[name] : undefined;
  if (value !== undefined) return value;
  throw bad(at, `"${name}" is none of ${Object.keys(table).join(", ")}`);
}

const flagBits = (
  table: Readonly<Record<string, number>>,
  names: readonly string[] = [],
  at: string,
): number => names.reduce((bits, name, index) => bits | named(table, name, `${at}/${index}`), 0);

const bad = (at: string, why: string): InroError =>
  new InroError("SPEC_INVALID", { what: "cannot set the process up as its specification wants it", why, at });
