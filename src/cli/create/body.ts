import type { Values } from "../options/option.ts";
import { UsageError } from "../options/usage-error.ts";
import { deviceRequests, isCdi } from "./devices.ts";
import { environment, labels, pairs } from "./environment.ts";
import { device, diskLimits, restartPolicy, ulimit } from "./limits.ts";
import { mount, volumes } from "./mounts.ts";
import { networking, networkMode } from "./networks.ts";
import type { createOptions } from "./options.ts";
import { ports } from "./ports.ts";
import { securityOptions } from "./security.ts";

export type CreateValues = Values<typeof createOptions>;

type HealthValues = Pick<CreateValues, Extract<keyof CreateValues, `health-${string}`> | "no-healthcheck">;

/** Which streams a foreground container is attached to. */
export interface Attached {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
}

/** Docker's rule: without `-a`, both outputs, and the input with `-i`; detached, none. */
export function attached(options: CreateValues, detach: boolean): Attached {
  if (detach) return { stdin: false, stdout: false, stderr: false };
  const asked = options.attach.map((name) => name.toLowerCase());
  const wrong = asked.find((name) => !["stdin", "stdout", "stderr"].includes(name));
  if (wrong !== undefined)
    throw new UsageError(`cannot use "${wrong}" for --attach: it is not stdin, stdout or stderr`);
  if (asked.length === 0) return { stdin: options.interactive, stdout: true, stderr: true };
  return {
    stdin: asked.includes("stdin"),
    stdout: asked.includes("stdout"),
    stderr: asked.includes("stderr"),
  };
}

export interface CreateLine {
  readonly image: string;
  readonly command: readonly string[];
  readonly options: CreateValues;
  /** The options that were written, by their long names. */
  readonly given: ReadonlySet<string>;
  readonly streams: Attached;
}

/** The body of POST /containers/create: what was not asked for is left out, so that the engine's defaults count. */
export function createBody(line: CreateLine): Record<string, unknown> {
  const { options, streams } = line;
  const mounts = volumes(options.volume);
  const port = ports(options.publish, options.expose);
  return defined({
    Image: line.image,
    Cmd: line.command.length > 0 ? line.command : undefined,
    Entrypoint: entrypoint(options.entrypoint),
    Env: environment(options["env-file"], options.env),
    WorkingDir: options.workdir,
    User: options.user,
    Hostname: options.hostname,
    Domainname: options.domainname,
    Labels: labels(options["label-file"], options.label),
    Tty: options.tty,
    OpenStdin: options.interactive,
    StdinOnce: options.interactive && streams.stdin,
    AttachStdin: streams.stdin,
    AttachStdout: streams.stdout,
    AttachStderr: streams.stderr,
    Volumes: record(mounts.anonymous.map((path) => [path, {}])),
    ExposedPorts: port.exposed,
    StopSignal: options["stop-signal"],
    StopTimeout: options["stop-timeout"],
    Healthcheck: healthcheck(options),
    HostConfig: hostConfig(line, mounts.binds, port.bindings),
    NetworkingConfig: networking(options),
  });
}

function hostConfig(line: CreateLine, binds: readonly string[], bindings: unknown): Record<string, unknown> {
  const { options } = line;
  const [rows, columns] =
    options.tty && process.stdout.isTTY ? [process.stdout.rows, process.stdout.columns] : [0, 0];
  return defined({
    Binds: binds,
    ContainerIDFile: options.cidfile,
    Mounts: options.mount.map(mount),
    Tmpfs: tmpfs(options.tmpfs),
    ReadonlyRootfs: options["read-only"],
    ShmSize: options["shm-size"],
    VolumeDriver: options["volume-driver"],
    VolumesFrom: options["volumes-from"],
    StorageOpt: pairs(options["storage-opt"]),
    Devices: options.device.filter((entry) => !isCdi(entry)).map(device),
    DeviceRequests: deviceRequests(options.device.filter(isCdi), options.gpus),
    ...resources(options),
    PortBindings: bindings,
    PublishAllPorts: options["publish-all"],
    NetworkMode: networkMode(options),
    NetworkBandwidth: options["network-bandwidth"],
    Links: options.link,
    ExtraHosts: options["add-host"].map(hostLine),
    Dns: options.dns,
    DnsSearch: options["dns-search"],
    DnsOptions: options["dns-option"],
    CapAdd: options["cap-add"],
    CapDrop: options["cap-drop"],
    Privileged: options.privileged,
    ...securityOptions(options["security-opt"]),
    GroupAdd: options["group-add"],
    Sysctls: pairs(options.sysctl),
    PidMode: options.pid,
    IpcMode: options.ipc,
    UTSMode: options.uts,
    CgroupnsMode: options.cgroupns,
    UsernsMode: options.userns,
    RestartPolicy: restartPolicy(options.restart),
    HealthOnFailure: options["health-on-failure"],
    AutoRemove: options.rm,
    Init: options.init ? true : undefined,
    OomScoreAdj: options["oom-score-adj"],
    LogConfig: defined({ Type: options["log-driver"], Config: pairs(options["log-opt"]) }),
    Annotations: pairs(options.annotation),
    Runtime: options.runtime,
    ConsoleSize: rows > 0 ? [rows, columns] : undefined,
  });
}

function resources(options: CreateValues): Record<string, unknown> {
  return {
    Memory: options.memory,
    MemorySwap: options["memory-swap"],
    MemoryReservation: options["memory-reservation"],
    MemorySwappiness: options["memory-swappiness"],
    NanoCpus: options.cpus,
    CpuShares: options["cpu-shares"],
    CpuPeriod: options["cpu-period"],
    CpuQuota: options["cpu-quota"],
    CpuRealtimePeriod: options["cpu-rt-period"],
    CpuRealtimeRuntime: options["cpu-rt-runtime"],
    CpusetCpus: options["cpuset-cpus"],
    CpusetMems: options["cpuset-mems"],
    PidsLimit: options["pids-limit"],
    OomKillDisable: options["oom-kill-disable"] ? true : undefined,
    BlkioWeight: options["blkio-weight"],
    ...diskLimits(options),
    CgroupParent: options["cgroup-parent"],
    DeviceCgroupRules: options["device-cgroup-rule"],
    Ulimits: options.ulimit.map(ulimit),
    Isolation: options.isolation,
    CpuCount: options["cpu-count"],
    CpuPercent: options["cpu-percent"],
    IOMaximumBandwidth: options["io-maxbandwidth"],
    IOMaximumIOps: options["io-maxiops"],
    KernelMemory: options["kernel-memory"],
  };
}

export function healthcheck(options: HealthValues): Record<string, unknown> {
  const asked = defined({
    // Docker: an empty command is none.
    Test: options["health-cmd"] ? ["CMD-SHELL", options["health-cmd"]] : undefined,
    Interval: options["health-interval"],
    Timeout: options["health-timeout"],
    StartPeriod: options["health-start-period"],
    StartInterval: options["health-start-interval"],
    Retries: options["health-retries"],
  });
  if (!options["no-healthcheck"]) return asked;
  if (Object.keys(asked).length > 0)
    throw new UsageError("--no-healthcheck conflicts with --health-* options");
  return { Test: ["NONE"] };
}

/** `name=address`, as Docker takes it too. */
export const hostLine = (entry: string): string => entry.replace(/^([^:=]+)=/, "$1:");

/** `--entrypoint ""` asks for none: the API takes an empty word for it. */
function entrypoint(text: string | undefined): readonly string[] | undefined {
  return text === undefined ? undefined : [text];
}

/** `/run:rw,size=64m`. */
export function tmpfs(entries: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    entries.map((entry) => {
      const colon = entry.indexOf(":");
      return colon < 0 ? [entry, ""] : [entry.slice(0, colon), entry.slice(colon + 1)];
    }),
  );
}

const record = (entries: readonly (readonly [string, unknown])[]) => Object.fromEntries(entries);

/** Without what is undefined, and without empty lists and records. */
export function defined(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([name, value]) => !isAbsent(name, value)));
}

/** Of these an empty list is a request of its own. */
const MEANT = new Set(["MaskedPaths", "ReadonlyPaths"]);

function isAbsent(name: string, value: unknown): boolean {
  if (value === undefined) return true;
  if (MEANT.has(name)) return false;
  if (Array.isArray(value)) return value.length === 0;
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}
