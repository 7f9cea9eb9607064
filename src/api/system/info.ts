import type { EngineInfo, EngineVersion } from "../../engine/engine.ts";
import { RUNTIMES } from "../ask/unsupported.ts";
import { driverName } from "../tell/driver.ts";

const machines: Readonly<Record<string, string>> = { amd64: "x86_64", arm64: "aarch64" };

/** GET /info. */
export function infoRecord(info: EngineInfo, version: EngineVersion) {
  const { containers } = info;
  const counts = Object.values(containers);
  return {
    ID: info.id,
    Containers: counts.reduce((sum, count) => sum + count, 0),
    ContainersRunning: containers.running,
    ContainersPaused: containers.paused,
    ContainersStopped: containers.created + containers.exited,
    Images: info.images,
    Driver: driverName(info.storageDriver),
    DriverStatus: [],
    Plugins: {
      Volume: ["local"],
      Network: ["bridge", "host", "null"],
      Authorization: [],
      Log: ["json-file", "local", "journald", "none"],
    },
    ...abilities(),
    Debug: false,
    NFd: 0,
    NGoroutines: 0,
    SystemTime: new Date().toISOString(),
    LoggingDriver: info.log.asked.type,
    CgroupDriver: "cgroupfs",
    CgroupVersion: info.cgroupVersion,
    NEventsListener: 0,
    KernelVersion: info.kernelVersion,
    OperatingSystem: info.operatingSystem,
    OSVersion: "",
    OSType: "linux",
    Architecture: machines[info.architecture] ?? info.architecture,
    IndexServerAddress: "https://index.docker.io/v1/",
    RegistryConfig: { InsecureRegistryCIDRs: ["127.0.0.0/8", "::1/128"], IndexConfigs: {}, Mirrors: [] },
    NCPU: info.cpus,
    MemTotal: info.memory,
    GenericResources: [],
    DockerRootDir: info.root,
    HttpProxy: process.env["HTTP_PROXY"] ?? "",
    HttpsProxy: process.env["HTTPS_PROXY"] ?? "",
    NoProxy: process.env["NO_PROXY"] ?? "",
    Name: info.name,
    Labels: [],
    ExperimentalBuild: false,
    ServerVersion: version.version,
    Runtimes: Object.fromEntries(RUNTIMES.map((name) => [name, { path: "inro-runtime" }])),
    DefaultRuntime: "inro",
    Swarm: {
      NodeID: "",
      NodeAddr: "",
      LocalNodeState: "inactive",
      ControlAvailable: false,
      Error: "",
      RemoteManagers: null,
    },
    // Containers run on while the daemon does not.
    LiveRestoreEnabled: true,
    Isolation: "",
    InitBinary: "inro",
    ContainerdCommit: { ID: "" },
    RuncCommit: { ID: version.commit },
    InitCommit: { ID: version.commit },
    SecurityOptions: ["name=seccomp,profile=builtin", "name=cgroupns"],
    CDISpecDirs: info.cdi.folders,
    DiscoveredDevices: info.cdi.devices.map((ID) => ({ Source: "cdi", ID })),
    FirewallBackend: {
      Driver: "nftables",
      Info: [["Table", info.firewall.table], ...info.firewall.foreign.map((line) => ["Foreign", line])],
    },
    Warnings: info.warnings,
  };
}

function abilities() {
  return {
    MemoryLimit: true,
    SwapLimit: true,
    CpuCfsPeriod: true,
    CpuCfsQuota: true,
    CPUShares: true,
    CPUSet: true,
    PidsLimit: true,
    IPv4Forwarding: true,
    OomKillDisable: false,
  };
}
