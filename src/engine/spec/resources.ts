import { InroError } from "../../oci/error.ts";
import type { SpecBlockIo, SpecDeviceRule, SpecResources } from "../../oci/runtime-spec.ts";
import type { ContainerOptions, Resources } from "../options.ts";
import { type BlockDevice, blockIoOf, type FindDisk } from "./block-io.ts";

/** Microseconds; the kernel's own default period. */
const CPU_PERIOD = 100_000;

/** What the kernel of this host can limit. */
export interface LimitFacts {
  readonly swapLimit: boolean;
  /** A whole unified hierarchy; else v1, hybrid too. */
  readonly cgroupVersion: "1" | "2";
  readonly findDisk: FindDisk;
}

type Limits = Omit<SpecResources, "devices">;

/** Docker's limits as the runtime specification says them. A limit that was not asked for is absent. */
export function specResources(
  options: ContainerOptions,
  facts: LimitFacts,
  devices: readonly SpecDeviceRule[],
): SpecResources {
  return {
    devices: options.privileged ? [{ allow: true, access: "rwm" }] : deviceRules(options.resources, devices),
    ...limitsOf(options.resources, facts),
  };
}

function limitsOf(asked: Resources, facts: LimitFacts): Limits {
  const memory = memoryLimits(asked, facts);
  const cpu = cpuLimits(asked);
  const pids = asked.pidsLimit ?? 0;
  const blockIO = blockIoOf(asked, facts.findDisk);
  return {
    ...(Object.keys(memory).length > 0 && { memory }),
    ...(Object.keys(cpu).length > 0 && { cpu }),
    ...(pids > 0 && { pids: { limit: pids } }),
    ...(blockIO !== undefined && { blockIO }),
  };
}

/** With the words for "no limit" where there is none: what a container that runs is to be told. */
export function allLimits(asked: Resources, facts: LimitFacts): Limits {
  const { memory, cpu, pids, ...others } = limitsOf(asked, facts);
  return {
    ...others,
    memory: { limit: -1, ...memory },
    cpu: { quota: -1, ...cpu },
    pids: pids ?? { limit: -1 },
  };
}

/** What of them is another than before; what the kernel counts together is told together. */
export function changedLimits(before: Resources, after: Resources, facts: LimitFacts): Limits {
  const [was, is] = [allLimits(before, facts), allLimits(after, facts)];
  return {
    memory: changed(was.memory, is.memory, ["limit", "swap"]),
    cpu: changed(was.cpu, is.cpu, ["quota", "period"]),
    pids: changed(was.pids, is.pids),
    blockIO: { ...changed(was.blockIO, is.blockIO), ...freed(was.blockIO, is.blockIO) },
  };
}

/** Disks whose limit has gone are told that they have none; the others of their list again. */
function freed(was: SpecBlockIo = {}, is: SpecBlockIo = {}): SpecBlockIo {
  const lists = throttles.flatMap((list) => {
    const now = is[list] ?? [];
    const gone = (was[list] ?? []).filter((one) => now.every((other) => !isSameDisk(one, other)));
    return gone.length === 0 ? [] : [[list, [...now, ...gone.map((one) => ({ ...one, rate: 0 }))]] as const];
  });
  return Object.fromEntries(lists);
}

const throttles = [
  "throttleReadBpsDevice",
  "throttleWriteBpsDevice",
  "throttleReadIOPSDevice",
  "throttleWriteIOPSDevice",
] as const;

const isSameDisk = (one: BlockDevice, other: BlockDevice): boolean =>
  one.major === other.major && one.minor === other.minor;

/** The members that differ; a pair as soon as one of it does. */
function changed<T extends object>(was: T = {} as T, is: T = {} as T, pair: readonly (keyof T)[] = []): T {
  const differs = (name: keyof T) => JSON.stringify(was[name]) !== JSON.stringify(is[name]);
  const together = pair.some(differs);
  const names = (Object.keys(is) as (keyof T)[]).filter(
    (name) => differs(name) || (together && pair.includes(name)),
  );
  return Object.fromEntries(names.map((name) => [name, is[name]])) as T;
}

function memoryLimits(asked: Resources, facts: LimitFacts) {
  const swap = asked.memorySwap !== 0 ? asked.memorySwap : asked.memory * 2;
  // cgroup v2 has neither; they are discarded with a warning, as dockerd does.
  const v1 = facts.cgroupVersion === "1";
  return {
    ...(asked.memory > 0 && { limit: asked.memory }),
    ...(asked.memory > 0 && facts.swapLimit && { swap }),
    ...(asked.memoryReservation > 0 && { reservation: asked.memoryReservation }),
    ...(v1 && asked.memorySwappiness !== null && { swappiness: asked.memorySwappiness }),
    ...(v1 && asked.oomKillDisable && { disableOOMKiller: true }),
  };
}

function cpuLimits(asked: Resources) {
  const period = asked.cpuPeriod > 0 ? asked.cpuPeriod : CPU_PERIOD;
  const quota = asked.nanoCpus > 0 ? Math.floor((asked.nanoCpus * CPU_PERIOD) / 1e9) : asked.cpuQuota;
  const limited = quota !== 0 || asked.cpuPeriod > 0;
  return {
    ...(asked.cpuShares > 0 && { shares: asked.cpuShares }),
    ...(limited && { period: asked.nanoCpus > 0 ? CPU_PERIOD : period }),
    ...(quota !== 0 && { quota }),
    ...(asked.cpusetCpus !== "" && { cpus: asked.cpusetCpus }),
    ...(asked.cpusetMems !== "" && { mems: asked.cpusetMems }),
  };
}

/** runtime-spec config-linux.md, "Default Devices", the terminals, and the making (not the use) of any node. */
const DEFAULT_DEVICE_RULES: readonly SpecDeviceRule[] = [
  { allow: false, access: "rwm" },
  { allow: true, type: "c", access: "m" },
  { allow: true, type: "b", access: "m" },
  { allow: true, type: "c", major: 1, minor: 3, access: "rwm" },
  { allow: true, type: "c", major: 1, minor: 5, access: "rwm" },
  { allow: true, type: "c", major: 1, minor: 7, access: "rwm" },
  { allow: true, type: "c", major: 1, minor: 8, access: "rwm" },
  { allow: true, type: "c", major: 1, minor: 9, access: "rwm" },
  { allow: true, type: "c", major: 5, minor: 0, access: "rwm" },
  { allow: true, type: "c", major: 5, minor: 2, access: "rwm" },
  { allow: true, type: "c", major: 136, access: "rwm" },
];

function deviceRules(asked: Resources, devices: readonly SpecDeviceRule[]): SpecDeviceRule[] {
  return [...DEFAULT_DEVICE_RULES, ...devices, ...asked.deviceCgroupRules.map(parseDeviceRule)];
}

/** `c 13:* rwm` (cgroup-v1 devices.rst). */
export function parseDeviceRule(text: string): SpecDeviceRule {
  const match = /^([acb]) ([0-9]+|\*):([0-9]+|\*) ([rwm]{1,3})$/.exec(text);
  const [, type, major, minor, access] = match ?? [];
  if (type === undefined || major === undefined || minor === undefined || access === undefined)
    throw new InroError("INVALID_OPTION", {
      what: `cannot understand the device rule "${text}"`,
      why: "it is not of the form TYPE MAJOR:MINOR ACCESS",
      hint: "write it as: c 13:* rwm",
      at: "--device-cgroup-rule",
    });
  return {
    allow: true,
    type,
    ...(major !== "*" && { major: Number(major) }),
    ...(minor !== "*" && { minor: Number(minor) }),
    access,
  };
}
