import type { Bandwidth } from "../network/network.ts";
import type { PortRequest } from "../oci/port.ts";

/**
 * What a container is asked to be: normalised once at the border (api/, the library), so that below there is no
 * "maybe": every field is present, `null` says "not asked for, the default applies".
 */
export interface ContainerOptions {
  /** As the user wrote it: a reference, or an id or its prefix. */
  readonly image: string;
  /** `null`: the image's. An empty list is a request for none. */
  readonly command: readonly string[] | null;
  readonly entrypoint: readonly string[] | null;
  /** `NAME=value` sets, `NAME` alone removes what the image sets. */
  readonly env: readonly string[];
  /** `user[:group]`, names or numbers; `null`: the image's. */
  readonly user: string | null;
  readonly workingDirectory: string | null;
  /** `null`: the first twelve digits of the id. */
  readonly hostname: string | null;
  readonly domainname: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly tty: boolean;
  readonly openStdin: boolean;
  readonly stdinOnce: boolean;
  readonly attachStdin: boolean;
  readonly attachStdout: boolean;
  readonly attachStderr: boolean;
  readonly mounts: readonly MountOption[];
  readonly readOnly: boolean;
  readonly resources: Resources;
  /** Names as the kernel has them, without `CAP_`, upper case; `ALL` is allowed. */
  readonly capAdd: readonly string[];
  readonly capDrop: readonly string[];
  readonly privileged: boolean;
  readonly security: SecurityOptions;
  readonly network: NetworkMode;
  /** How it is in its networks; where one that `network` names is not among them, it is there with nothing special. */
  readonly endpoints: readonly EndpointOption[];
  /** Of all its networks together. */
  readonly bandwidth: Bandwidth;
  readonly ports: readonly PortRequest[];
  readonly publishAllPorts: boolean;
  /** `80/tcp`, … beside those of the image. */
  readonly exposedPorts: readonly string[];
  readonly autoRemove: boolean;
  readonly init: boolean;
  /** A name (`SIGTERM`, `TERM`) or a number; `null`: the image's, else SIGTERM. */
  readonly stopSignal: string | null;
  /** Seconds; `null`: ten. */
  readonly stopTimeout: number | null;
  readonly restart: RestartPolicy;
  readonly health: HealthOption;
  /** What is done with it when it becomes unhealthy. */
  readonly healthOnFailure: HealthOnFailure;
  /** What runs the lines of `health`; `null`: the image's, else `/bin/sh -c`. */
  readonly shell: readonly string[] | null;
  readonly ulimits: readonly Ulimit[];
  readonly sysctls: Readonly<Record<string, string>>;
  readonly groupAdd: readonly string[];
  /** Bytes of /dev/shm; `null`: 64 MiB. */
  readonly shmSize: number | null;
  /** What its own files may take. */
  readonly storage: {
    /** Bytes; `null`: what the disk has. */
    readonly size: number | null;
    readonly asked: Readonly<Record<string, string>>;
  };
  readonly log: LogOptions;
  readonly devices: readonly DeviceOption[];
  /** Devices that others describe (CDI). */
  readonly deviceRequests: readonly DeviceRequest[];
  /** `host:address`; the address may be `host-gateway`. */
  readonly extraHosts: readonly string[];
  /** Other containers that this one knows by names of its own. */
  readonly links: readonly LinkOption[];
  readonly dns: readonly string[];
  readonly dnsSearch: readonly string[];
  readonly dnsOptions: readonly string[];
  readonly oomScoreAdj: number | null;
  readonly pidMode: NamespaceMode;
  /** `shareable`: one of its own that others may join; `none`: and no /dev/shm. */
  readonly ipcMode: NamespaceMode | "shareable" | "none";
  readonly utsMode: "private" | "host";
  readonly cgroupNamespace: "private" | "host";
  /** `null`: the default list. */
  readonly maskedPaths: readonly string[] | null;
  readonly readonlyPaths: readonly string[] | null;
  readonly annotations: Readonly<Record<string, string>>;
  /** The terminal's first size; `null`: the kernel's 0 × 0. */
  readonly consoleSize: { readonly rows: number; readonly columns: number } | null;
  readonly told: ToldOptions;
}

/** What asks for nothing that would not be so anyway, and is told by inspect as it was asked for. */
export interface ToldOptions {
  /** One of the names of the only runtime there is. */
  readonly runtime: string;
  readonly userns: "" | "host";
  readonly volumeDriver: "" | "local";
  /** Where the client has written the container's id. */
  readonly idFile: string;
}

export type MountOption =
  | {
      readonly type: "bind";
      readonly source: string;
      readonly target: string;
      readonly readOnly: boolean;
      readonly propagation: Propagation;
      readonly recursive: boolean;
      /** Read-only is what lies beneath it, too. */
      readonly readOnlyRecursive: boolean;
      /** `-v` makes a missing source folder, `--mount` does not. */
      readonly createSource: boolean;
    }
  | {
      readonly type: "volume";
      /** `null`: an anonymous volume. */
      readonly name: string | null;
      readonly target: string;
      readonly readOnly: boolean;
      /** An empty volume is filled with what the image holds at the target. */
      readonly copy: boolean;
      readonly labels: Readonly<Record<string, string>>;
      /** Of the driver, for a volume that is to be made. */
      readonly options: Readonly<Record<string, string>>;
      /** A folder or file inside the volume. */
      readonly subpath: string | null;
    }
  | {
      /** An image's files, read-only. */
      readonly type: "image";
      readonly source: string;
      readonly target: string;
      readonly subpath: string | null;
    }
  | {
      readonly type: "tmpfs";
      readonly target: string;
      /** As mount(8) takes them: `rw`, `noexec`, `size=64m`, `mode=1777`. */
      readonly options: readonly string[];
      /** Counted among the container's mounts: `--mount` does, `--tmpfs` does not. */
      readonly listed: boolean;
    };

export type Propagation = "private" | "rprivate" | "shared" | "rshared" | "slave" | "rslave";

/** 0 means "no limit was asked for", as in Docker's API, unless said otherwise. */
export interface Resources {
  /** Bytes. */
  readonly memory: number;
  /** Bytes of memory and swap together; -1 unlimited, 0: twice the memory. */
  readonly memorySwap: number;
  readonly memoryReservation: number;
  readonly memorySwappiness: number | null;
  readonly nanoCpus: number;
  /** Microseconds. */
  readonly cpuPeriod: number;
  readonly cpuQuota: number;
  readonly cpuShares: number;
  readonly cpusetCpus: string;
  readonly cpusetMems: string;
  /** `null` and 0 and -1: unlimited. */
  readonly pidsLimit: number | null;
  readonly oomKillDisable: boolean;
  /** Relative to the hierarchy's root; `null`: the engine's own. */
  readonly cgroupParent: string | null;
  /** 10 to 1000; 0: not set. */
  readonly blkioWeight: number;
  /** Of single disks: a weight as above, bytes a second, operations a second; 0 is no limit. */
  readonly blkioDevices: Readonly<Record<BlkioLimit, readonly DeviceRate[]>>;
  /** `c 13:* rwm`. */
  readonly deviceCgroupRules: readonly string[];
}

export type BlkioLimit = "weight" | "readBps" | "writeBps" | "readIops" | "writeIops";

export interface DeviceRate {
  /** A block device of the host. */
  readonly path: string;
  readonly rate: number;
}

export interface SecurityOptions {
  readonly seccomp:
    | { readonly kind: "default" }
    | { readonly kind: "unconfined" }
    /** The JSON text of a profile, Docker's or OCI's form. */
    | { readonly kind: "profile"; readonly text: string };
  readonly noNewPrivileges: boolean;
  /** `systempaths=unconfined`: nothing masked, nothing read-only. */
  readonly systemPaths: "masked" | "unconfined";
}

export type NetworkMode =
  | { readonly kind: "bridge" }
  | { readonly kind: "host" }
  | { readonly kind: "none" }
  /** A network that somebody made, by name or id. */
  | { readonly kind: "network"; readonly name: string }
  /** The network namespace of another container, by name or id. */
  | { readonly kind: "container"; readonly container: string };

/** A namespace of its own, the host's, or another container's, by name or id when it is asked for, the id once it is recorded. */
export type NamespaceMode = "private" | "host" | { readonly container: string };

/** A container's place in one network. */
export interface EndpointOption {
  /** Name or id when it is asked for, the name once it is recorded. */
  readonly network: string;
  /** One of a family at most; of the others a free one. */
  readonly addresses: readonly string[];
  readonly mac: string | null;
  /** Further names of the container in this network. */
  readonly aliases: readonly string[];
  /** Others in this network that it alone knows by these names. */
  readonly links: readonly LinkOption[];
  /** The default route leads through the network with the highest one. */
  readonly gatewayPriority: number;
}

export interface LinkOption {
  /** Name or id when it is asked for, the id once it is recorded. */
  readonly container: string;
  /** What that was called when it was asked for. */
  readonly name: string;
  readonly alias: string;
}

export interface RestartPolicy {
  readonly name: "no" | "always" | "unless-stopped" | "on-failure";
  /** For `on-failure`; 0: without end. */
  readonly maximumRetries: number;
}

/** How its health is checked; nanoseconds. What is 0 or empty is the image's, else Docker's default. */
export interface HealthOption {
  /** `["NONE"]`, `["CMD", …]`, `["CMD-SHELL", line]`. */
  readonly test: readonly string[];
  readonly interval: number;
  readonly timeout: number;
  readonly startPeriod: number;
  readonly startInterval: number;
  readonly retries: number;
}

/** kill: by SIGKILL, after which its restart policy counts. */
export type HealthOnFailure = "none" | "kill" | "restart" | "stop";

export interface Ulimit {
  /** `nofile`, `nproc`, … (setrlimit(2) without `RLIMIT_`, lower case). */
  readonly name: string;
  /** -1 is unlimited. */
  readonly soft: number;
  readonly hard: number;
}

export interface LogOptions {
  /** `default` keeps what is written (CRI text, rotated); `none` keeps nothing. */
  readonly driver: "default" | "none";
  /** It goes to the systemd journal, too. */
  readonly journal: boolean;
  /** Bytes of one file before it is rotated; 0: never. */
  readonly maxSize: number;
  readonly maxFiles: number;
  /** What the client wrote, given back by inspect. */
  readonly asked: { readonly type: string; readonly config: Readonly<Record<string, string>> };
}

export interface DeviceOption {
  readonly hostPath: string;
  readonly containerPath: string;
  /** Some of `r`, `w`, `m`. */
  readonly permissions: string;
}

export interface DeviceRequest {
  /** `cdi`; empty or `nvidia`: by capabilities, of which `gpu` is known. */
  readonly driver: string;
  /** -1: all. */
  readonly count: number;
  /** Of driver `cdi` full names: `vendor.com/class=name`. */
  readonly deviceIds: readonly string[];
  /** One of these lists has to be had in full. */
  readonly capabilities: readonly (readonly string[])[];
  readonly options: Readonly<Record<string, string>>;
}

export const DEFAULT_RESOURCES: Resources = {
  memory: 0,
  memorySwap: 0,
  memoryReservation: 0,
  memorySwappiness: null,
  nanoCpus: 0,
  cpuPeriod: 0,
  cpuQuota: 0,
  cpuShares: 0,
  cpusetCpus: "",
  cpusetMems: "",
  pidsLimit: null,
  oomKillDisable: false,
  cgroupParent: null,
  blkioWeight: 0,
  blkioDevices: { weight: [], readBps: [], writeBps: [], readIops: [], writeIops: [] },
  deviceCgroupRules: [],
};

export const DEFAULT_LOG: LogOptions = {
  driver: "default",
  journal: false,
  maxSize: 10 * 1024 * 1024,
  maxFiles: 3,
  asked: { type: "json-file", config: {} },
};

/** Every default of `create`; spread it and replace what was asked for. */
export const DEFAULT_OPTIONS: Omit<ContainerOptions, "image"> = {
  command: null,
  entrypoint: null,
  env: [],
  user: null,
  workingDirectory: null,
  hostname: null,
  domainname: null,
  labels: {},
  tty: false,
  openStdin: false,
  stdinOnce: false,
  attachStdin: false,
  attachStdout: false,
  attachStderr: false,
  mounts: [],
  readOnly: false,
  resources: DEFAULT_RESOURCES,
  capAdd: [],
  capDrop: [],
  privileged: false,
  security: { seccomp: { kind: "default" }, noNewPrivileges: false, systemPaths: "masked" },
  network: { kind: "bridge" },
  endpoints: [],
  bandwidth: { in: null, out: null },
  ports: [],
  publishAllPorts: false,
  exposedPorts: [],
  autoRemove: false,
  init: false,
  stopSignal: null,
  stopTimeout: null,
  restart: { name: "no", maximumRetries: 0 },
  health: { test: [], interval: 0, timeout: 0, startPeriod: 0, startInterval: 0, retries: 0 },
  healthOnFailure: "none",
  shell: null,
  ulimits: [],
  sysctls: {},
  groupAdd: [],
  shmSize: null,
  storage: { size: null, asked: {} },
  log: DEFAULT_LOG,
  devices: [],
  deviceRequests: [],
  extraHosts: [],
  links: [],
  dns: [],
  dnsSearch: [],
  dnsOptions: [],
  oomScoreAdj: null,
  pidMode: "private",
  ipcMode: "private",
  utsMode: "private",
  cgroupNamespace: "private",
  maskedPaths: null,
  readonlyPaths: null,
  annotations: {},
  consoleSize: null,
  told: { runtime: "inro", userns: "", volumeDriver: "", idFile: "" },
};

/** A program started beside a container's first one. */
export interface ExecOptions {
  readonly command: readonly string[];
  readonly env: readonly string[];
  readonly user: string | null;
  readonly workingDirectory: string | null;
  readonly tty: boolean;
  readonly attachStdin: boolean;
  readonly attachStdout: boolean;
  readonly attachStderr: boolean;
  readonly privileged: boolean;
  readonly detachKeys: string;
  readonly consoleSize: { readonly rows: number; readonly columns: number } | null;
}
