import type { Duplex, Readable } from "node:stream";
import type { Checked, Image, Report } from "../image/images.ts";
import type { DriverName } from "../image/snapshot/driver.ts";
import type { BlockIoStats } from "../kernel/cgroup/stats/block-io.ts";
import type { OpRecord } from "../kernel/plan/record.ts";
import type { AttachmentRecord, Bandwidth, BlockRequest, Network } from "../network/network.ts";
import type { Digest } from "../oci/digest.ts";
import type { Platform } from "../oci/platform.ts";
import type { PortRequest } from "../oci/port.ts";
import type { LogQuery } from "../runtime/log/read.ts";
import type { LogForm } from "../runtime/log/record.ts";
import type { ContainerEdit } from "./edit/asked.ts";
import type { Edited } from "./edit/edit.ts";
import type { Events } from "./events.ts";
import type { CommitOptions } from "./files/commit.ts";
import type { Health } from "./health/health.ts";
import type { EngineImages } from "./images.ts";
import type {
  ContainerOptions,
  EndpointOption,
  ExecOptions,
  LogOptions,
  Resources,
  RestartPolicy,
} from "./options.ts";
import type { ContainerState, ContainerStatus, ExitReport, Timestamp } from "./state.ts";
import type { Steps } from "./steps/steps.ts";
import type { VolumeRequest } from "./volumes/make.ts";

/**
 * The whole engine as the API, the CRI and a library user see it. Every `container` parameter takes a full id, a
 * unique prefix of one, or a name. Failures are InroErrors with the codes named at each verb.
 */
export interface Engine {
  /** How layers and containers' files are kept. */
  readonly storageDriver: DriverName;
  readonly containers: Containers;
  readonly execs: Execs;
  readonly images: EngineImages;
  readonly volumes: Volumes;
  readonly networks: EngineNetworks;
  /** Where builds run their steps. */
  readonly steps: Steps;
  readonly events: Events;
  info(): Promise<EngineInfo>;
  version(): EngineVersion;
  /**
   * Holds the data root against its records and reports what does not agree, as it is found. With `repair` what nothing
   * needs is removed and what can be made again is made; nothing that a container needs goes.
   */
  check(o: { readonly repair: boolean; readonly report: Report }): Promise<EngineChecked>;
  /** Lets go of everything; containers run on. */
  close(): Promise<void>;
}

export interface Containers {
  /**
   * Makes a container and its files; nothing runs yet. NO_SUCH_IMAGE, NAME_IN_USE, INVALID_OPTION,
   * MOUNT_SOURCE_MISSING, NO_COMMAND.
   */
  create(
    options: ContainerOptions,
    name: string | null,
    /** The one of the image's that is meant; this machine's otherwise. */
    platform?: Platform,
  ): Promise<{ id: string; warnings: readonly string[] }>;
  /** NO_SUCH_CONTAINER, AMBIGUOUS_ID. */
  get(container: string): ContainerDetails;
  list(query: ListQuery): readonly ContainerDetails[];
  /** Bytes written in its own layer and in the image's. Walks the files: ask only when told to. */
  size(container: string): Promise<{ readonly writable: number; readonly root: number }>;
  /** False: it was running already. COMMAND_NOT_FOUND, COMMAND_NOT_EXECUTABLE, PORT_IN_USE, … */
  start(container: string): Promise<boolean>;
  /** False: it was not running. Seconds; `null`: the container's own; negative: without end. */
  stop(container: string, o: { signal: string | null; timeout: number | null }): Promise<boolean>;
  /** NOT_RUNNING, SIGNAL_UNKNOWN. */
  kill(container: string, signal: string): Promise<void>;
  restart(container: string, o: { signal: string | null; timeout: number | null }): Promise<void>;
  pause(container: string): Promise<void>;
  unpause(container: string): Promise<void>;
  /** At once when it runs; all of it or nothing. INVALID_OPTION, CGROUP_LIMIT_REFUSED, NETWORK_SETUP_FAILED. */
  update(container: string, change: ContainerChange): Promise<void>;
  /**
   * At once what can be, all else by starting it again, with its files and volumes; all of it or nothing. `dryRun`: only
   * what would be done. INVALID_OPTION, NAME_IN_USE, NOT_PUBLISHED, EDIT_UNDONE, and what `create` and `update` refuse.
   */
  edit(container: string, change: ContainerEdit, o: { readonly dryRun: boolean }): Promise<Edited>;
  /**
   * More ports, at once when it runs; all or none. Answers whose firewall keeps them from being reached, a sentence each.
   * INVALID_OPTION, PORT_IN_USE, NETWORK_SETUP_FAILED.
   */
  publish(container: string, ports: readonly PortRequest[]): Promise<readonly string[]>;
  /** Fewer; without an address or a port of the host's, wherever they are published. NOT_PUBLISHED. */
  withdraw(container: string, ports: readonly PortRequest[]): Promise<void>;
  /** NAME_IN_USE. */
  rename(container: string, name: string): Promise<void>;
  /** CONTAINER_RUNNING without `force`. `volumes`: its anonymous volumes too. */
  remove(container: string, o: { force: boolean; volumes: boolean }): Promise<void>;
  /**
   * Registered when the call returns, so that a client may be told before it starts the container. When the signal
   * is aborted it is forgotten, and `ended` never settles.
   */
  wait(
    container: string,
    condition: WaitCondition,
    signal?: AbortSignal,
  ): { readonly ended: Promise<ExitReport> };
  /**
   * The container's streams: Docker-framed bytes (raw for a terminal) out, raw stdin in, half-close is end of
   * input. On a container that does not run yet the stream joins it at its start. NOT_ATTACHABLE.
   */
  attach(container: string, o: AttachOptions): Promise<Duplex>;
  /** What the log holds, oldest first. */
  logs(container: string, o: LogQuery, form: LogForm): AsyncIterable<Uint8Array>;
  /** Forgets what it wrote until now; who reads it meanwhile still gets that. LOGS_NOT_KEPT. */
  clearLog(container: string): Promise<void>;
  resize(container: string, size: WindowSize): Promise<void>;
  /** Somebody who was attached has left it by the detach keys: for the news alone. By its full id; it may be gone. */
  detached(container: string): void;
  /** The processes of a container as ps(1) would print them. */
  top(container: string, psArguments: string): Promise<ProcessTable>;
  stats(container: string): Promise<ContainerStats>;
  archive: Archives;
  /** What the container changed in the image's files. */
  changes(container: string): Promise<readonly FileChange[]>;
  /** An image of the container's image and what it changed. INVALID_OPTION, LAYER_REFUSED, NO_SPACE. */
  commit(container: string, o: CommitOptions): Promise<Image>;
  /** The container's files as one tar. */
  export(container: string): Promise<Readable>;
  /** Removes containers that do not run; `dryRun` only tells which those are. */
  prune(o: {
    readonly filters: Filters;
    readonly dryRun: boolean;
  }): Promise<{ readonly removed: readonly string[]; readonly reclaimed: number }>;
  /** The plan that these options would execute; nothing is executed or kept. */
  explain(options: ContainerOptions, platform?: Platform): Promise<Explanation>;
  /** The plan that the container's last start executed, with the time of each operation. */
  explainContainer(container: string): Promise<Explanation>;
}

/** What is to be another from now on; what is left out stays. */
export interface ContainerChange {
  readonly bandwidth: Partial<Bandwidth>;
  /** -1: no limit on memory, memory and swap, the processors' quota, processes. */
  readonly resources: Partial<Resources>;
  readonly restart: RestartPolicy | null;
}

/** The keys and values of Docker's `filters` parameter. */
export type Filters = Readonly<Record<string, readonly string[]>>;

export interface ListQuery {
  /** Those that do not run, too. */
  readonly all: boolean;
  /** The newest ones, whatever their state; 0: no limit. */
  readonly limit: number;
  /** id, name, label, status, ancestor, volume, exited, before, since, publish, expose, health. */
  readonly filters: Filters;
}

/** A container as recorded; plain data, a snapshot of one moment. */
export interface ContainerDetails {
  readonly id: string;
  /** Without a slash. */
  readonly name: string;
  readonly created: Timestamp;
  readonly imageId: Digest;
  /** Options with what the image adds (env, command, entrypoint, user, labels, exposed ports, …) merged in. */
  readonly options: ContainerOptions;
  /** The program and its arguments: entrypoint and command together. */
  readonly arguments: readonly string[];
  readonly state: ContainerState;
  /** When it last started; NEVER before that. */
  readonly startedAt: Timestamp;
  readonly restartCount: number;
  /** Out-of-memory kills in its last run that were told. */
  readonly memoryKills: number;
  /** Null: nothing checks it. */
  readonly health: Health | null;
  readonly mounts: readonly MountPoint[];
  /** Where it is or will be connected. */
  readonly endpoints: readonly EndpointDetails[];
  /** What is published, while it runs. */
  readonly ports: AttachmentRecord["ports"];
  /** Execs that run in it. */
  readonly execIds: readonly string[];
  /** How its files are kept. */
  readonly storageDriver: DriverName;
  readonly paths: {
    readonly folder: string;
    readonly log: string;
    readonly hostname: string;
    readonly hosts: string;
    readonly resolvConf: string;
  };
}

/** What is attached at a container path; `source` is empty for a tmpfs. */
export interface MountPoint {
  readonly type: "bind" | "volume" | "tmpfs" | "image";
  /** A volume's; an image's id. */
  readonly name: string | null;
  readonly source: string;
  readonly target: string;
  /** The part that is shown, resolved inside the source. */
  readonly subpath: string | null;
  readonly readOnly: boolean;
  readonly propagation: string;
  /** Made for this container alone: goes with it on `rm -v` and `--rm`. */
  readonly anonymous: boolean;
}

/** A container's place in a network, and its connection with it while it runs. */
export interface EndpointDetails extends EndpointOption {
  /** Empty when the network is gone. */
  readonly networkId: string;
  readonly live: AttachmentRecord | null;
}

/** next-exit: the next end from now on; not-running: at once when it does not run; removed: when it is gone. */
export type WaitCondition = "not-running" | "next-exit" | "removed";

export interface AttachOptions {
  /** False with `logs`: what was written until now, then the end. */
  readonly stream: boolean;
  readonly logs: boolean;
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
}

export interface WindowSize {
  readonly rows: number;
  readonly columns: number;
}

export interface ProcessTable {
  readonly titles: readonly string[];
  readonly processes: readonly (readonly string[])[];
}

export interface ContainerStats {
  readonly id: string;
  readonly name: string;
  readonly readAt: Date;
  /** Nanoseconds. */
  readonly cpu: {
    readonly total: bigint;
    readonly user: bigint;
    readonly system: bigint;
    readonly onlineCpus: number;
    /** Of the whole machine, for percentages. */
    readonly hostTotal: bigint;
    readonly throttling: { readonly periods: number; readonly throttled: number; readonly time: bigint };
  };
  readonly memory: {
    readonly usage: number;
    readonly limit: number;
    readonly stat: Readonly<Record<string, number>>;
  };
  readonly pids: { readonly current: number; readonly limit: number | null };
  /** Bytes and operations of each block device. */
  readonly blockIo: Pick<BlockIoStats, "serviceBytes" | "serviced">;
  readonly networks: Readonly<
    Record<
      string,
      {
        readonly receivedBytes: number;
        readonly receivedPackets: number;
        readonly sentBytes: number;
        readonly sentPackets: number;
      }
    >
  >;
}

/** Files in and out of a container, as tar streams (`cp`). Paths are resolved inside the container's root. */
export interface Archives {
  /** NO_SUCH_PATH. */
  stat(container: string, path: string): Promise<PathStat>;
  /** What a pattern means, as glob(7) has them, sorted: `/var/log/*.log`. PATH_INVALID. */
  glob(container: string, pattern: string): Promise<readonly string[]>;
  get(container: string, path: string): Promise<{ readonly stat: PathStat; readonly tar: Readable }>;
  /** `path` is a folder that exists: NO_SUCH_PATH, NOT_A_DIRECTORY. */
  put(
    container: string,
    path: string,
    tar: AsyncIterable<Uint8Array>,
    o: {
      /** A folder does not replace a file, nor a file a folder. */
      readonly keepDirectories: boolean;
      /** Everything belongs to the container's user; else to whom the tar says. */
      readonly chownToUser: boolean;
    },
  ): Promise<void>;
}

export interface PathStat {
  readonly name: string;
  readonly size: number;
  /** As the kernel's st_mode. */
  readonly mode: number;
  readonly modified: Date;
  /** Where a symbolic link leads, resolved inside the container's root; else empty. */
  readonly linkTarget: string;
}

export interface FileChange {
  readonly path: string;
  readonly kind: "modified" | "added" | "deleted";
}

/** Act by act, operation by operation: what sets a container up and why. */
export interface Explanation {
  readonly plan: unknown;
  /** The plan as people read it. */
  readonly printed: string;
  /** Empty when nothing was executed. */
  readonly records: readonly OpRecord[];
}

export interface Execs {
  /** NO_SUCH_CONTAINER, NOT_RUNNING, CONTAINER_PAUSED. */
  create(container: string, options: ExecOptions): Promise<string>;
  /**
   * Starts it once. Attached: its streams, as those of `containers.attach`; detached: `null`.
   * COMMAND_NOT_FOUND, COMMAND_NOT_EXECUTABLE.
   */
  start(
    exec: string,
    o: { readonly detach: boolean; readonly consoleSize: WindowSize | null },
  ): Promise<Duplex | null>;
  /** As of a container. */
  detached(exec: string): void;
  /** NO_SUCH_EXEC. */
  inspect(exec: string): ExecDetails;
  resize(exec: string, size: WindowSize): Promise<void>;
}

export interface ExecDetails {
  readonly id: string;
  readonly containerId: string;
  readonly options: ExecOptions;
  readonly running: boolean;
  /** `null` until it ended. */
  readonly exitCode: number | null;
  readonly pid: number;
}

export interface Volumes {
  /** One of that name that is there already is the answer. INVALID_OPTION, QUOTA_UNSUPPORTED, NO_SPACE. */
  create(o: VolumeRequest): Promise<VolumeDetails>;
  /** NO_SUCH_VOLUME. */
  get(name: string): VolumeDetails;
  list(filters: Filters): readonly VolumeDetails[];
  /** VOLUME_IN_USE. */
  remove(name: string, o: { force: boolean }): Promise<void>;
  /** In the containers that use it too, whether they run or not. VOLUME_EXISTS, VOLUME_IN_USE. */
  rename(name: string, to: string): Promise<void>;
  /**
   * Another volume with the same files; containers that write to it stand still meanwhile. VOLUME_EXISTS, VOLUME_NOT_HERE,
   * NO_SPACE.
   */
  clone(
    name: string,
    o: { readonly name: string | null; readonly labels: Readonly<Record<string, string>> },
  ): Promise<VolumeDetails>;
  /** Its files as one tar. NO_SUCH_VOLUME, VOLUME_NOT_HERE. */
  export(name: string): Promise<Readable>;
  /** A new one of what a tar holds. VOLUME_EXISTS, ARCHIVE_REFUSED, NO_SPACE. */
  import(o: VolumeRequest, tar: AsyncIterable<Uint8Array>): Promise<VolumeDetails>;
  /** Those that no container uses; only anonymous ones unless `all`. */
  prune(o: {
    readonly all: boolean;
    readonly filters: Filters;
    /** Nothing is removed; the answer is what would be. */
    readonly dryRun: boolean;
  }): Promise<{ removed: readonly string[]; reclaimed: number }>;
  /** Bytes of its files on the disk. Walks them: ask only when told to. NO_SUCH_VOLUME. */
  size(name: string): Promise<number>;
}

export interface VolumeDetails {
  readonly name: string;
  readonly driver: "local";
  /** Where its own files lie. */
  readonly mountpoint: string;
  readonly created: Timestamp;
  readonly labels: Readonly<Record<string, string>>;
  /** `type`, `device`, `o`, `size` as they were asked for. */
  readonly options: Readonly<Record<string, string>>;
  readonly anonymous: boolean;
  /** Its folder is still to be moved from there. */
  readonly renamedFrom: string | null;
}

/** Every `network` parameter takes a name, a full id, or a unique prefix of one. */
export interface EngineNetworks {
  /** NETWORK_EXISTS, INVALID_OPTION, SUBNET_OVERLAPS, NO_FREE_POOL, NETWORK_SETUP_FAILED. */
  create(options: NetworkOptions): Promise<{ readonly id: string; readonly warnings: readonly string[] }>;
  /** NO_SUCH_NETWORK, AMBIGUOUS_ID. */
  get(network: string): Promise<NetworkDetails>;
  list(filters: Filters): Promise<readonly NetworkDetails[]>;
  /** The containers that are connected with it now. */
  members(network: NetworkDetails): readonly ContainerDetails[];
  /** NETWORK_IN_USE, NETWORK_PREDEFINED. */
  remove(network: string): Promise<void>;
  /** Removes those that no container is connected with, unless `dryRun`; answers their names. */
  prune(o: { readonly filters: Filters; readonly dryRun: boolean }): Promise<readonly string[]>;
  /** From now on, also while it runs. ENDPOINT_EXISTS, NETWORK_CONFLICT, ADDRESS_IN_USE, INVALID_OPTION. */
  connect(network: string, container: string, endpoint: Omit<EndpointOption, "network">): Promise<void>;
  /** NOT_CONNECTED, NETWORK_CONFLICT. */
  disconnect(network: string, container: string): Promise<void>;
}

/** Addresses of one family; null: for the engine to choose. */
export interface BlockOption extends Omit<BlockRequest, "reserved"> {
  /** Addresses set aside, by what they are for. */
  readonly auxiliary: Readonly<Record<string, string>>;
}

export interface NetworkOptions {
  readonly name: string;
  readonly driver: string;
  readonly blocks: readonly BlockOption[];
  readonly internal: boolean;
  readonly attachable: boolean;
  readonly labels: Readonly<Record<string, string>>;
  /** `com.docker.network.bridge.*`, … */
  readonly options: Readonly<Record<string, string>>;
}

export interface NetworkDetails {
  readonly id: string;
  readonly name: string;
  readonly created: Timestamp;
  readonly driver: Network["driver"] | "host" | "null";
  /** Its addresses, and what its driver knows of it; null: of `host` and `none`, and of `bridge` until somebody asks. */
  readonly settled: Network | null;
  /** Addresses set aside, by what they are for: one record for each of its blocks. */
  readonly auxiliary: readonly Readonly<Record<string, string>>[];
  readonly attachable: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, string>>;
  /** One of the three that every engine has. */
  readonly predefined: boolean;
}

export interface EngineInfo {
  /** A random id of this engine, kept in its data root. */
  readonly id: string;
  readonly root: string;
  readonly execRoot: string;
  readonly containers: { readonly [status in Exclude<ContainerStatus, "dead" | "restarting">]: number };
  readonly images: number;
  readonly storageDriver: DriverName;
  readonly cgroupVersion: "1" | "2";
  readonly kernelVersion: string;
  readonly operatingSystem: string;
  readonly architecture: string;
  readonly cpus: number;
  /** Bytes. */
  readonly memory: number;
  readonly name: string;
  readonly bridge: string;
  readonly firewall: {
    /** Ours. */
    readonly table: string;
    /** What chains of others drop that ours lets pass, a sentence each. */
    readonly foreign: readonly string[];
  };
  readonly log: LogOptions;
  /** Devices that somebody describes, and where that is looked for. */
  readonly cdi: { readonly folders: readonly string[]; readonly devices: readonly string[] };
  readonly warnings: readonly string[];
}

/** How much a check looked at. */
export interface EngineChecked extends Checked {
  readonly containers: number;
}

export interface EngineVersion {
  readonly version: string;
  readonly commit: string;
  readonly kernelVersion: string;
  readonly architecture: string;
  readonly builtAt: string;
}
