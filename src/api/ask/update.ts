import type { ContainerChange } from "../../engine/engine.ts";
import type { Resources } from "../../engine/options.ts";
import { type Asked, flag, flagOrNull, integer, integerOrNull, list, object, text } from "../asked.ts";
import { bandwidth } from "./bandwidth.ts";
import { blkioDevices, blkioFields } from "./blkio.ts";
import { restart } from "./container.ts";
import { atLeast, blkioWeight } from "./resources.ts";
import { DISCARDED } from "./unsupported.ts";

/** The body of POST /containers/{id}/update: clients send every limit, as 0 or empty where it is not to be changed. */
export function askedChange(body: Asked): ContainerChange {
  const policy = object(body, "RestartPolicy");
  return {
    bandwidth: bandwidth(body),
    resources: changes(body),
    restart: text(policy, "Name") === "" ? null : restart(policy),
  };
}

function changes(body: Asked): Partial<Resources> {
  const asked: Partial<Resources> = {
    memory: atLeast(body, "Memory", -1),
    memorySwap: atLeast(body, "MemorySwap", -1),
    memoryReservation: atLeast(body, "MemoryReservation", 0),
    nanoCpus: atLeast(body, "NanoCpus", 0),
    cpuPeriod: atLeast(body, "CpuPeriod", 0),
    cpuQuota: atLeast(body, "CpuQuota", -1),
    cpuShares: atLeast(body, "CpuShares", 0),
    cpusetCpus: text(body, "CpusetCpus"),
    cpusetMems: text(body, "CpusetMems"),
    blkioWeight: blkioWeight(body),
  };
  const pidsLimit = integerOrNull(body, "PidsLimit");
  const devices = blkioDevices(body);
  const said = Object.entries(asked).filter(([, value]) => value !== 0 && value !== "");
  return {
    ...Object.fromEntries(said),
    ...(pidsLimit === null ? {} : { pidsLimit }),
    ...(Object.values(devices).some((list) => list.length > 0) ? { blkioDevices: devices } : {}),
  };
}

/** The limits among HostConfig's fields that can be changed. */
export const CHANGEABLE = [
  ...["Memory", "MemorySwap", "MemoryReservation", "NanoCpus", "CpuPeriod", "CpuQuota", "CpuShares"],
  ...["CpusetCpus", "CpusetMems", "BlkioWeight", "PidsLimit"],
  ...Object.values(blkioFields).map(({ name }) => name),
];

/** Of what a container is made with there is more than what can be changed later. */
export function unchangeable(body: Asked): string[] {
  const lists = ["Devices", "DeviceCgroupRules", "DeviceRequests", "Ulimits"];
  const asked = [
    ...lists.filter((name) => list(body, name).length > 0),
    ...(text(body, "CgroupParent") === "" ? [] : ["CgroupParent"]),
    ...(flag(body, "OomKillDisable") ? ["OomKillDisable"] : []),
    // -1 is what clients of the old API send for "not asked for".
    ...((integerOrNull(body, "MemorySwappiness") ?? -1) === -1 ? [] : ["MemorySwappiness"]),
    ...DISCARDED.host.filter((name) => integer(body, name) !== 0),
    ...(flagOrNull(body, "Init") === null ? [] : ["Init"]),
  ];
  return asked.map((name) => `${name} cannot be changed of a container that is there: discarded.`);
}
