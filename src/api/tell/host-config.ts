import type { ContainerDetails } from "../../engine/engine.ts";
import type { ContainerOptions, Resources } from "../../engine/options.ts";
import { blkioLimits } from "../../engine/spec/block-io.ts";
import { portRange, singles } from "../../oci/port.ts";
import { blkioFields } from "../ask/blkio.ts";
import { mountConfig } from "./mount-config.ts";
import { networkMode } from "./network.ts";
import { privileges } from "./privileges.ts";

/** Docker's HostConfig: what the client asked for, in Docker's words. */
export function hostConfig(container: ContainerDetails) {
  const { options } = container;
  return {
    ...mountConfig(options.mounts),
    ...limits(options.resources),
    ...namespaces(container),
    ...networking(options),
    ...privileges(options),
    ContainerIDFile: options.told.idFile,
    LogConfig: { Type: options.log.asked.type, Config: options.log.asked.config },
    RestartPolicy: { Name: options.restart.name, MaximumRetryCount: options.restart.maximumRetries },
    // Ours: none, kill, restart, stop.
    HealthOnFailure: options.healthOnFailure,
    AutoRemove: options.autoRemove,
    VolumeDriver: options.told.volumeDriver,
    VolumesFrom: null,
    ConsoleSize: [options.consoleSize?.rows ?? 0, options.consoleSize?.columns ?? 0],
    ...(Object.keys(options.annotations).length === 0 ? {} : { Annotations: options.annotations }),
    GroupAdd: options.groupAdd,
    Links:
      options.links.length === 0
        ? null
        : options.links.map(({ name, alias }) => `/${name}:/${container.name}/${alias}`),
    OomScoreAdj: options.oomScoreAdj ?? 0,
    ReadonlyRootfs: options.readOnly,
    ...(options.storage.size === null ? {} : { StorageOpt: options.storage.asked }),
    ShmSize: options.shmSize ?? 64 * 1024 * 1024,
    Sysctls: options.sysctls,
    Runtime: options.told.runtime,
    Isolation: "",
    Ulimits: options.ulimits.map(({ name, soft, hard }) => ({ Name: name, Soft: soft, Hard: hard })),
    Devices: options.devices.map((device) => ({
      PathOnHost: device.hostPath,
      PathInContainer: device.containerPath,
      CgroupPermissions: device.permissions,
    })),
    DeviceCgroupRules: options.resources.deviceCgroupRules,
    DeviceRequests: deviceRequests(options),
    ...(options.init ? { Init: true } : {}),
  };
}

function deviceRequests({ deviceRequests }: ContainerOptions) {
  if (deviceRequests.length === 0) return null;
  return deviceRequests.map(({ driver, count, deviceIds, capabilities, options }) => ({
    Driver: driver,
    Count: count,
    DeviceIDs: deviceIds,
    Capabilities: capabilities,
    Options: options,
  }));
}

function limits(resources: Resources) {
  return {
    CpuShares: resources.cpuShares,
    Memory: resources.memory,
    NanoCpus: resources.nanoCpus,
    CgroupParent: resources.cgroupParent ?? "",
    BlkioWeight: resources.blkioWeight,
    ...Object.fromEntries(
      blkioLimits.map((limit) => {
        const { name, value } = blkioFields[limit];
        return [name, resources.blkioDevices[limit].map(({ path, rate }) => ({ Path: path, [value]: rate }))];
      }),
    ),
    CpuPeriod: resources.cpuPeriod,
    CpuQuota: resources.cpuQuota,
    CpuRealtimePeriod: 0,
    CpuRealtimeRuntime: 0,
    CpusetCpus: resources.cpusetCpus,
    CpusetMems: resources.cpusetMems,
    MemoryReservation: resources.memoryReservation,
    // dockerd tells the default that it applies: as much swap as memory.
    MemorySwap:
      resources.memorySwap === 0 && resources.memory > 0 ? 2 * resources.memory : resources.memorySwap,
    MemorySwappiness: resources.memorySwappiness,
    OomKillDisable: resources.oomKillDisable,
    PidsLimit: resources.pidsLimit,
    CpuCount: 0,
    CpuPercent: 0,
    IOMaximumIOps: 0,
    IOMaximumBandwidth: 0,
  };
}

function namespaces(container: ContainerDetails) {
  const { options } = container;
  return {
    NetworkMode: networkMode(options),
    CgroupnsMode: options.cgroupNamespace,
    IpcMode: namespaceMode(options.ipcMode),
    Cgroup: "",
    PidMode: options.pidMode === "private" ? "" : namespaceMode(options.pidMode),
    UTSMode: options.utsMode === "host" ? "host" : "",
    UsernsMode: options.told.userns,
  };
}

const namespaceMode = (mode: ContainerOptions["ipcMode"]): string =>
  typeof mode === "string" ? mode : `container:${mode.container}`;

function networking(options: ContainerOptions) {
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {};
  for (const { containerPort, protocol, hostIp, hostPort, choices } of singles(options.ports)) {
    const key = `${containerPort}/${protocol}`;
    const binding = { HostIp: hostIp, HostPort: hostPort === 0 ? "" : portRange(hostPort, choices) };
    bindings[key] = [...(bindings[key] ?? []), binding];
  }
  return {
    // Ours: bits a second, 0 for no limit.
    NetworkBandwidth: { In: options.bandwidth.in ?? 0, Out: options.bandwidth.out ?? 0 },
    PortBindings: bindings,
    PublishAllPorts: options.publishAllPorts,
    Dns: options.dns,
    DnsOptions: options.dnsOptions,
    DnsSearch: options.dnsSearch,
    ExtraHosts: options.extraHosts.length === 0 ? null : options.extraHosts,
  };
}
