import type { ContainerDetails } from "../../engine/engine.ts";
import type { ContainerOptions, MountOption, Resources } from "../../engine/options.ts";
import { networkName } from "./network.ts";

/** Docker's HostConfig: what the client asked for, in Docker's words. */
export function hostConfig(container: ContainerDetails) {
  const { options } = container;
  return {
    ...mountConfig(options.mounts),
    ...limits(options.resources),
    ...namespaces(container),
    ...networking(options),
    ...privileges(options),
    ContainerIDFile: "",
    LogConfig: { Type: options.log.asked.type, Config: options.log.asked.config },
    RestartPolicy: { Name: options.restart.name, MaximumRetryCount: options.restart.maximumRetries },
    AutoRemove: options.autoRemove,
    VolumeDriver: "",
    VolumesFrom: null,
    ConsoleSize: [options.consoleSize?.rows ?? 0, options.consoleSize?.columns ?? 0],
    ...(Object.keys(options.annotations).length === 0 ? {} : { Annotations: options.annotations }),
    GroupAdd: options.groupAdd,
    Links: null,
    OomScoreAdj: options.oomScoreAdj ?? 0,
    ReadonlyRootfs: options.readOnly,
    ShmSize: options.shmSize ?? 64 * 1024 * 1024,
    Sysctls: options.sysctls,
    Runtime: "inro",
    Isolation: "",
    Ulimits: options.ulimits.map(({ name, soft, hard }) => ({ Name: name, Soft: soft, Hard: hard })),
    Devices: options.devices.map((device) => ({
      PathOnHost: device.hostPath,
      PathInContainer: device.containerPath,
      CgroupPermissions: device.permissions,
    })),
    DeviceCgroupRules: options.resources.deviceCgroupRules,
    DeviceRequests: null,
    ...(options.init ? { Init: true } : {}),
  };
}

/** `-v` is told as Binds, `--mount` as Mounts, as it was asked for. */
function mountConfig(mounts: readonly MountOption[]) {
  const tmpfs = mounts.filter((mount) => mount.type === "tmpfs");
  const named = mounts.filter(
    (mount) =>
      bindText(mount) === null && (mount.type === "bind" || (mount.type === "volume" && mount.name !== null)),
  );
  return {
    Binds: mounts.map(bindText).filter((bind) => bind !== null),
    ...(named.length === 0 ? {} : { Mounts: named.map(mountRecord) }),
    ...(tmpfs.length === 0
      ? {}
      : { Tmpfs: Object.fromEntries(tmpfs.map((mount) => [mount.target, mount.options.join(",")])) }),
  };
}

function bindText(mount: MountOption): string | null {
  if (mount.type === "bind" && mount.createSource) {
    const words = [
      ...(mount.readOnly ? ["ro"] : []),
      ...(mount.propagation === "rprivate" ? [] : [mount.propagation]),
    ];
    return [mount.source, mount.target, ...(words.length === 0 ? [] : [words.join(",")])].join(":");
  }
  const plain = mount.type === "volume" && mount.subpath === null && Object.keys(mount.labels).length === 0;
  if (!plain || mount.name === null) return null;
  const words = [...(mount.readOnly ? ["ro"] : []), ...(mount.copy ? [] : ["nocopy"])];
  return [mount.name, mount.target, ...(words.length === 0 ? [] : [words.join(",")])].join(":");
}

function mountRecord(mount: MountOption) {
  const shared = { Type: mount.type, Target: mount.target };
  if (mount.type === "bind") {
    const BindOptions = { Propagation: mount.propagation, NonRecursive: !mount.recursive };
    return { ...shared, Source: mount.source, ReadOnly: mount.readOnly, BindOptions };
  }
  if (mount.type === "tmpfs") return shared;
  const VolumeOptions = {
    NoCopy: !mount.copy,
    Labels: mount.labels,
    ...(mount.subpath === null ? {} : { Subpath: mount.subpath }),
  };
  return { ...shared, Source: mount.name ?? "", ReadOnly: mount.readOnly, VolumeOptions };
}

function limits(resources: Resources) {
  return {
    CpuShares: resources.cpuShares,
    Memory: resources.memory,
    NanoCpus: resources.nanoCpus,
    CgroupParent: resources.cgroupParent ?? "",
    BlkioWeight: resources.blkioWeight,
    BlkioWeightDevice: [],
    BlkioDeviceReadBps: [],
    BlkioDeviceWriteBps: [],
    BlkioDeviceReadIOps: [],
    BlkioDeviceWriteIOps: [],
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
    NetworkMode: networkName(container),
    CgroupnsMode: options.cgroupNamespace,
    IpcMode: options.ipcMode,
    Cgroup: "",
    PidMode: options.pidMode === "host" ? "host" : "",
    UTSMode: options.utsMode === "host" ? "host" : "",
    UsernsMode: "",
  };
}

function networking(options: ContainerOptions) {
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {};
  for (const { containerPort, protocol, hostIp, hostPort } of options.ports) {
    const key = `${containerPort}/${protocol}`;
    const binding = { HostIp: hostIp, HostPort: hostPort === 0 ? "" : String(hostPort) };
    bindings[key] = [...(bindings[key] ?? []), binding];
  }
  return {
    PortBindings: bindings,
    PublishAllPorts: options.publishAllPorts,
    Dns: options.dns,
    DnsOptions: options.dnsOptions,
    DnsSearch: options.dnsSearch,
    ExtraHosts: options.extraHosts.length === 0 ? null : options.extraHosts,
  };
}

// proc(5) and sysfs hold what a container may not see or write; these are Docker's lists.
const MASKED = [
  "/proc/asound",
  "/proc/acpi",
  "/proc/interrupts",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/proc/sched_debug",
  "/proc/scsi",
  "/sys/firmware",
  "/sys/devices/virtual/powercap",
];
const READONLY = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

function privileges(options: ContainerOptions) {
  const open = options.privileged || options.security.systemPaths === "unconfined";
  return {
    CapAdd: options.capAdd.length === 0 ? null : options.capAdd.map((name) => `CAP_${name}`),
    CapDrop: options.capDrop.length === 0 ? null : options.capDrop.map((name) => `CAP_${name}`),
    Privileged: options.privileged,
    SecurityOpt: securityOptions(options),
    MaskedPaths: open ? null : (options.maskedPaths ?? MASKED),
    ReadonlyPaths: open ? null : (options.readonlyPaths ?? READONLY),
  };
}

function securityOptions({ security, privileged }: ContainerOptions): string[] | null {
  const { seccomp } = security;
  const found = [
    ...(seccomp.kind === "unconfined" ? ["seccomp=unconfined"] : []),
    ...(seccomp.kind === "profile" ? [`seccomp=${seccomp.text}`] : []),
    ...(security.noNewPrivileges ? ["no-new-privileges"] : []),
    ...(privileged ? ["label=disable"] : []),
  ];
  return found.length === 0 ? null : found;
}
