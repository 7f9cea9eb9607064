/** What is read of a container's record (GET /containers/{id}/json); other engines leave parts of it out. */
export interface ContainerRecord {
  readonly Id: string;
  readonly Name: string;
  readonly Image: string;
  readonly State: { readonly Running: boolean };
  readonly Config: Config;
  readonly HostConfig: HostConfig;
  readonly NetworkSettings: { readonly Networks?: Readonly<Record<string, Endpoint>> | null };
}

type Texts = readonly string[] | null;
type TextRecord = Readonly<Record<string, string>> | null;
type KeySet = Readonly<Record<string, object>> | null;

/** Of a container, and of its image, whose fields are the defaults. */
export interface Config {
  readonly Hostname?: string;
  readonly Domainname?: string;
  readonly User?: string;
  readonly AttachStdin?: boolean;
  readonly AttachStdout?: boolean;
  readonly AttachStderr?: boolean;
  readonly ExposedPorts?: KeySet;
  readonly Tty?: boolean;
  readonly OpenStdin?: boolean;
  readonly Env?: Texts;
  readonly Cmd?: Texts;
  readonly Image?: string;
  readonly Volumes?: KeySet;
  readonly WorkingDir?: string;
  readonly Entrypoint?: Texts;
  readonly Labels?: TextRecord;
  readonly StopSignal?: string;
  readonly StopTimeout?: number;
  readonly Healthcheck?: Health;
}

export interface Health {
  readonly Test?: Texts;
  readonly Interval?: number;
  readonly Timeout?: number;
  readonly StartPeriod?: number;
  readonly StartInterval?: number;
  readonly Retries?: number;
}

export interface MountRecord {
  readonly Type: string;
  readonly Source?: string;
  readonly Target: string;
  readonly ReadOnly?: boolean;
  readonly BindOptions?: {
    readonly Propagation?: string;
    readonly NonRecursive?: boolean;
    readonly CreateMountpoint?: boolean;
    readonly ReadOnlyNonRecursive?: boolean;
  };
  readonly VolumeOptions?: {
    readonly NoCopy?: boolean;
    readonly Labels?: TextRecord;
    readonly Subpath?: string;
    readonly DriverConfig?: { readonly Options?: TextRecord };
  };
  readonly ImageOptions?: { readonly Subpath?: string };
  readonly TmpfsOptions?: { readonly SizeBytes?: number; readonly Mode?: number };
}

type Binding = { readonly HostIp: string; readonly HostPort: string };
type Disk = readonly { readonly Path: string; readonly Rate?: number; readonly Weight?: number }[] | null;

export interface HostConfig {
  readonly Binds?: Texts;
  readonly Mounts?: readonly MountRecord[];
  readonly Tmpfs?: TextRecord;
  readonly ReadonlyRootfs?: boolean;
  readonly ShmSize?: number;
  readonly StorageOpt?: TextRecord;
  readonly Devices?:
    | readonly { PathOnHost: string; PathInContainer: string; CgroupPermissions: string }[]
    | null;
  readonly DeviceCgroupRules?: Texts;
  readonly DeviceRequests?:
    | readonly {
        readonly Driver: string;
        readonly Count?: number;
        readonly DeviceIDs?: Texts;
        readonly Capabilities?: readonly Texts[] | null;
      }[]
    | null;
  readonly Memory?: number;
  readonly MemorySwap?: number;
  readonly MemoryReservation?: number;
  readonly MemorySwappiness?: number | null;
  readonly NanoCpus?: number;
  readonly CpuShares?: number;
  readonly CpuPeriod?: number;
  readonly CpuQuota?: number;
  readonly CpusetCpus?: string;
  readonly CpusetMems?: string;
  readonly PidsLimit?: number | null;
  readonly OomKillDisable?: boolean | null;
  readonly OomScoreAdj?: number;
  readonly BlkioWeight?: number;
  readonly BlkioWeightDevice?: Disk;
  readonly BlkioDeviceReadBps?: Disk;
  readonly BlkioDeviceWriteBps?: Disk;
  readonly BlkioDeviceReadIOps?: Disk;
  readonly BlkioDeviceWriteIOps?: Disk;
  readonly CgroupParent?: string;
  readonly Ulimits?: readonly { Name: string; Soft: number; Hard: number }[] | null;
  readonly PortBindings?: Readonly<Record<string, readonly Binding[] | null>> | null;
  readonly PublishAllPorts?: boolean;
  readonly NetworkMode?: string;
  readonly NetworkBandwidth?: { readonly In: number; readonly Out: number };
  readonly ExtraHosts?: Texts;
  readonly Links?: Texts;
  readonly Dns?: Texts;
  readonly DnsSearch?: Texts;
  readonly DnsOptions?: Texts;
  readonly CapAdd?: Texts;
  readonly CapDrop?: Texts;
  readonly Privileged?: boolean;
  readonly SecurityOpt?: Texts;
  readonly MaskedPaths?: Texts;
  readonly GroupAdd?: Texts;
  readonly Sysctls?: TextRecord;
  readonly PidMode?: string;
  readonly IpcMode?: string;
  readonly UTSMode?: string;
  readonly CgroupnsMode?: string;
  readonly UsernsMode?: string;
  readonly Runtime?: string;
  readonly RestartPolicy?: { readonly Name: string; readonly MaximumRetryCount: number };
  readonly HealthOnFailure?: string;
  readonly AutoRemove?: boolean;
  readonly Init?: boolean | null;
  readonly LogConfig?: { readonly Type: string; readonly Config: TextRecord };
  readonly Annotations?: TextRecord;
}

export interface Endpoint {
  readonly IPAMConfig?: { readonly IPv4Address?: string; readonly IPv6Address?: string } | null;
  readonly Aliases?: Texts;
  readonly MacAddress?: string;
  readonly GwPriority?: number;
}
