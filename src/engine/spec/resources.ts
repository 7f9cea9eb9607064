import { InroError } from "../../oci/error.ts";
import type { SpecDeviceRule, SpecResources } from "../../oci/runtime-spec.ts";
import type { ContainerOptions, Resources } from "../options.ts";

/** Microseconds; the kernel's own default period. */
const CPU_PERIOD = 100_000;

/** What the kernel of this host can limit. */
export interface LimitFacts {
  readonly swapLimit: boolean;
  /** A whole unified hierarchy; else v1, hybrid too. */
  readonly cgroupVersion: "1" | "2";
}

/** Docker's limits as the runtime specification says them. A limit that was not asked for is absent. */
export function specResources(
  options: ContainerOptions,
  facts: LimitFacts,
  devices: readonly SpecDeviceRule[],
): SpecResources {
  const asked = options.resources;
  const memory = memoryLimits(asked, facts);
  const cpu = cpuLimits(asked);
  const pids = asked.pidsLimit ?? 0;
  return {
    devices: options.privileged ? [{ allow: true, access: "rwm" }] : deviceRules(asked, devices),
    ...(Object.keys(memory).length > 0 && { memory }),
    ...(Object.keys(cpu).length > 0 && { cpu }),
    ...(pids > 0 && { pids: { limit: pids } }),
    ...(asked.blkioWeight > 0 && { blockIO: { weight: asked.blkioWeight } }),
  };
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
