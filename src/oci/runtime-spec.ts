/**
 * The OCI runtime specification 1.3 `config.json`, as far as Linux goes.
 * Source: opencontainers/runtime-spec, config.md and config-linux.md.
 */

export interface RuntimeSpec {
  readonly ociVersion: string;
  readonly root?: SpecRoot;
  readonly process?: SpecProcess;
  readonly hostname?: string;
  readonly domainname?: string;
  readonly mounts?: readonly SpecMount[];
  readonly hooks?: SpecHooks;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly linux?: SpecLinux;
}

export interface SpecRoot {
  readonly path: string;
  readonly readonly?: boolean;
}

export interface SpecProcess {
  readonly terminal?: boolean;
  readonly consoleSize?: { readonly height: number; readonly width: number };
  readonly user: SpecUser;
  readonly args: readonly string[];
  readonly env?: readonly string[];
  readonly cwd: string;
  readonly capabilities?: SpecCapabilities;
  readonly rlimits?: readonly SpecRlimit[];
  readonly noNewPrivileges?: boolean;
  readonly apparmorProfile?: string;
  readonly selinuxLabel?: string;
  readonly oomScoreAdj?: number;
  readonly scheduler?: SpecScheduler;
  readonly ioPriority?: SpecIoPriority;
  readonly execCPUAffinity?: { readonly initial?: string; readonly final?: string };
}

/** A number of 64 bits: beyond 2⁵³ a bigint, which oci/json.ts reads and writes exactly. */
export type Uint64 = number | bigint;

export interface SpecScheduler {
  /** `SCHED_OTHER`, … */
  readonly policy: string;
  readonly nice?: number;
  readonly priority?: number;
  /** `SCHED_FLAG_RESET_ON_FORK`, … */
  readonly flags?: readonly string[];
  /** Nanoseconds, as deadline and period. */
  readonly runtime?: Uint64;
  readonly deadline?: Uint64;
  readonly period?: Uint64;
}

export interface SpecIoPriority {
  /** `IOPRIO_CLASS_RT`, `IOPRIO_CLASS_BE` or `IOPRIO_CLASS_IDLE`. */
  readonly class: string;
  /** 0, the highest, to 7. */
  readonly priority: number;
}

export interface SpecUser {
  readonly uid: number;
  readonly gid: number;
  readonly umask?: number;
  readonly additionalGids?: readonly number[];
}

/** Names are written `CAP_NET_ADMIN`. */
export interface SpecCapabilities {
  readonly bounding?: readonly string[];
  readonly effective?: readonly string[];
  readonly permitted?: readonly string[];
  readonly inheritable?: readonly string[];
  readonly ambient?: readonly string[];
}

export interface SpecRlimit {
  /** `RLIMIT_NOFILE`, … */
  readonly type: string;
  readonly soft: Uint64;
  readonly hard: Uint64;
}

export interface SpecMount {
  readonly destination: string;
  readonly type?: string;
  readonly source?: string;
  readonly options?: readonly string[];
  readonly uidMappings?: readonly IdMapping[];
  readonly gidMappings?: readonly IdMapping[];
}

export interface IdMapping {
  readonly containerID: number;
  readonly hostID: number;
  readonly size: number;
}

export interface SpecHook {
  readonly path: string;
  readonly args?: readonly string[];
  readonly env?: readonly string[];
  /** Seconds. */
  readonly timeout?: number;
}

export type HookPhase =
  | "prestart"
  | "createRuntime"
  | "createContainer"
  | "startContainer"
  | "poststart"
  | "poststop";

export type SpecHooks = { readonly [K in HookPhase]?: readonly SpecHook[] };

export type NamespaceType = "pid" | "network" | "mount" | "ipc" | "uts" | "user" | "cgroup" | "time";

export interface SpecNamespace {
  readonly type: NamespaceType;
  /** A namespace file to join; absent: a new namespace. */
  readonly path?: string;
}

export interface SpecDevice {
  readonly path: string;
  /** `c`, `b`, `u` (as c) or `p` (FIFO). */
  readonly type: "c" | "b" | "u" | "p";
  readonly major?: number;
  readonly minor?: number;
  /** Permission bits, decimal in JSON. */
  readonly fileMode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

export interface SpecLinux {
  readonly uidMappings?: readonly IdMapping[];
  readonly gidMappings?: readonly IdMapping[];
  readonly sysctl?: Readonly<Record<string, string>>;
  readonly resources?: SpecResources;
  readonly cgroupsPath?: string;
  readonly namespaces?: readonly SpecNamespace[];
  readonly devices?: readonly SpecDevice[];
  readonly netDevices?: Readonly<Record<string, { readonly name?: string }>>;
  readonly seccomp?: SpecSeccomp;
  readonly rootfsPropagation?: string;
  readonly maskedPaths?: readonly string[];
  readonly readonlyPaths?: readonly string[];
  readonly mountLabel?: string;
  readonly intelRdt?: unknown;
  readonly memoryPolicy?: SpecMemoryPolicy;
  readonly personality?: SpecPersonality;
  readonly timeOffsets?: Readonly<Record<string, { readonly secs?: number; readonly nanosecs?: number }>>;
}

export interface SpecMemoryPolicy {
  /** `MPOL_BIND`, … */
  readonly mode: string;
  /** `0-3,7` */
  readonly nodes?: string;
  /** `MPOL_F_STATIC_NODES`, … */
  readonly flags?: readonly string[];
}

export interface SpecPersonality {
  readonly domain: string;
  readonly flags?: readonly string[];
}

export interface SpecDeviceRule {
  readonly allow: boolean;
  /** `a` (all, the default), `c` or `b`. */
  readonly type?: string;
  readonly major?: number;
  readonly minor?: number;
  /** Some of `r`, `w`, `m`; absent means all. */
  readonly access?: string;
}

export interface SpecMemory {
  /** Bytes; -1 is unlimited. So are reservation and swap (memory + swap together). */
  readonly limit?: number;
  readonly reservation?: number;
  readonly swap?: number;
  readonly kernel?: number;
  readonly kernelTCP?: number;
  readonly swappiness?: number;
  readonly disableOOMKiller?: boolean;
  readonly useHierarchy?: boolean;
  readonly checkBeforeUpdate?: boolean;
}

export interface SpecCpu {
  readonly shares?: number;
  /** Microseconds per period; negative is unlimited. */
  readonly quota?: number;
  readonly burst?: number;
  readonly period?: number;
  readonly realtimeRuntime?: number;
  readonly realtimePeriod?: number;
  readonly cpus?: string;
  readonly mems?: string;
  readonly idle?: number;
}

export interface SpecThrottle {
  readonly major: number;
  readonly minor: number;
  readonly rate: number;
}

export interface SpecBlockIo {
  readonly weight?: number;
  readonly leafWeight?: number;
  readonly weightDevice?: readonly {
    readonly major: number;
    readonly minor: number;
    readonly weight?: number;
    readonly leafWeight?: number;
  }[];
  readonly throttleReadBpsDevice?: readonly SpecThrottle[];
  readonly throttleWriteBpsDevice?: readonly SpecThrottle[];
  readonly throttleReadIOPSDevice?: readonly SpecThrottle[];
  readonly throttleWriteIOPSDevice?: readonly SpecThrottle[];
}

export interface SpecResources {
  readonly devices?: readonly SpecDeviceRule[];
  readonly memory?: SpecMemory;
  readonly cpu?: SpecCpu;
  readonly pids?: { readonly limit?: number };
  readonly blockIO?: SpecBlockIo;
  readonly hugepageLimits?: readonly { readonly pageSize: string; readonly limit: number }[];
  readonly network?: {
    readonly classID?: number;
    readonly priorities?: readonly { readonly name: string; readonly priority: number }[];
  };
  readonly rdma?: Readonly<Record<string, { readonly hcaHandles?: number; readonly hcaObjects?: number }>>;
  readonly unified?: Readonly<Record<string, string>>;
}

export type SeccompAction =
  | "SCMP_ACT_KILL"
  | "SCMP_ACT_KILL_PROCESS"
  | "SCMP_ACT_KILL_THREAD"
  | "SCMP_ACT_TRAP"
  | "SCMP_ACT_ERRNO"
  | "SCMP_ACT_TRACE"
  | "SCMP_ACT_ALLOW"
  | "SCMP_ACT_LOG"
  | "SCMP_ACT_NOTIFY";

export type SeccompOperator =
  | "SCMP_CMP_NE"
  | "SCMP_CMP_LT"
  | "SCMP_CMP_LE"
  | "SCMP_CMP_EQ"
  | "SCMP_CMP_GE"
  | "SCMP_CMP_GT"
  | "SCMP_CMP_MASKED_EQ";

export interface SeccompArgument {
  readonly index: number;
  /** For `SCMP_CMP_MASKED_EQ` the mask; then `valueTwo` is what (argument & mask) must equal. */
  readonly value: Uint64;
  readonly valueTwo?: Uint64;
  readonly op: SeccompOperator;
}

export interface SeccompRule {
  readonly names: readonly string[];
  readonly action: SeccompAction;
  readonly errnoRet?: number;
  readonly args?: readonly SeccompArgument[];
}

export interface SpecSeccomp {
  readonly defaultAction: SeccompAction;
  readonly defaultErrnoRet?: number;
  readonly architectures?: readonly string[];
  readonly flags?: readonly string[];
  readonly listenerPath?: string;
  readonly listenerMetadata?: string;
  readonly syscalls?: readonly SeccompRule[];
}
