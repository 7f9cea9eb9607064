import type { DeviceOption, DeviceRequest, Resources, Ulimit } from "../../engine/options.ts";
import {
  type Asked,
  flag,
  integer,
  integerOrNull,
  invalid,
  list,
  objects,
  text,
  textOrNull,
  textRecord,
  texts,
} from "../asked.ts";
import { blkioDevices } from "./blkio.ts";

/** The limits in a HostConfig; 0 and absent mean the same, "no limit was asked for". */
export function resources(host: Asked): Resources {
  return {
    memory: integer(host, "Memory"),
    memorySwap: atLeast(host, "MemorySwap", -1),
    memoryReservation: atLeast(host, "MemoryReservation", 0),
    memorySwappiness: swappiness(host),
    nanoCpus: integer(host, "NanoCpus"),
    cpuPeriod: atLeast(host, "CpuPeriod", 0),
    // -1 is the kernel's word for no quota.
    cpuQuota: Math.max(atLeast(host, "CpuQuota", -1), 0),
    cpuShares: atLeast(host, "CpuShares", 0),
    cpusetCpus: text(host, "CpusetCpus"),
    cpusetMems: text(host, "CpusetMems"),
    pidsLimit: integerOrNull(host, "PidsLimit"),
    oomKillDisable: flag(host, "OomKillDisable"),
    cgroupParent: textOrNull(host, "CgroupParent"),
    blkioWeight: blkioWeight(host),
    blkioDevices: blkioDevices(host),
    deviceCgroupRules: texts(host, "DeviceCgroupRules"),
  };
}

export function atLeast(host: Asked, name: string, least: number): number {
  const value = integer(host, name);
  if (value < least) throw invalid(host.at + name, `${value} is less than ${least}`);
  return value;
}

// -1 is what clients of the old API send for "not asked for".
function swappiness(host: Asked): number | null {
  const value = integerOrNull(host, "MemorySwappiness");
  if (value === null || value === -1) return null;
  if (value < 0 || value > 100) throw invalid(`${host.at}MemorySwappiness`, "it is not within 0 to 100");
  return value;
}

export function blkioWeight(host: Asked): number {
  const value = integer(host, "BlkioWeight");
  if (value !== 0 && (value < 10 || value > 1000)) {
    throw invalid(`${host.at}BlkioWeight`, "it is not within 10 to 1000");
  }
  return value;
}

export function ulimits(host: Asked): readonly Ulimit[] {
  return objects(host, "Ulimits").map((ulimit) => {
    const name = text(ulimit, "Name");
    if (name === "") throw invalid(`${ulimit.at}Name`, "it is empty");
    return { name, soft: integer(ulimit, "Soft"), hard: integer(ulimit, "Hard") };
  });
}

export function devices(host: Asked): readonly DeviceOption[] {
  return objects(host, "Devices").map((device) => {
    const hostPath = text(device, "PathOnHost");
    const containerPath = text(device, "PathInContainer") || hostPath;
    const permissions = text(device, "CgroupPermissions") || "rwm";
    if (!hostPath.startsWith("/")) throw invalid(`${device.at}PathOnHost`, "it is not an absolute path");
    if (!/^[rwm]{1,3}$/.test(permissions)) {
      throw invalid(`${device.at}CgroupPermissions`, `"${permissions}" is not made of r, w and m`);
    }
    return { hostPath, containerPath, permissions };
  });
}

export function deviceRequests(host: Asked): readonly DeviceRequest[] {
  return objects(host, "DeviceRequests").map((request) => ({
    driver: text(request, "Driver"),
    count: integer(request, "Count"),
    deviceIds: texts(request, "DeviceIDs"),
    capabilities: list(request, "Capabilities").map((all, index) => {
      if (Array.isArray(all) && all.every((one) => typeof one === "string")) return all;
      throw invalid(`${request.at}Capabilities[${index}]`, "it is no list of texts");
    }),
    options: textRecord(request, "Options"),
  }));
}
