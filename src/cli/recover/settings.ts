import { bracketed } from "../../oci/address.ts";
import type { createOptions } from "../create/options.ts";
import { mountText } from "./mount.ts";
import { networkSettings } from "./networks.ts";
import type { Config, ContainerRecord, HostConfig } from "./record.ts";

/** An option of `run`, with what it was given; a flag without. */
export type Setting = readonly [keyof typeof createOptions, ...(readonly [] | readonly [string])];

/** What a command line has to say that neither the defaults nor the image say; and the words behind the image. */
export interface Recovered {
  readonly image: string;
  readonly settings: readonly Setting[];
  readonly command: readonly string[];
  readonly detached: boolean;
}

export function recovered(container: ContainerRecord, image: Config): Recovered {
  const { Config: config, HostConfig: host } = container;
  const { entrypoint, command } = program(config, image);
  const settings = [
    ...each("name", [container.Name.replace(/^\//, "")]),
    ...streams(config),
    ...entrypoint,
    ...ofConfig(container, image),
    ...health(config, image),
    ...files(host, config, image),
    ...limits(host),
    ...ports(host, config, image),
    ...networkSettings(container),
    ...security(host),
    ...life(host),
  ];
  const detached = !config.AttachStdin && !config.AttachStdout && !config.AttachStderr;
  return { image: config.Image ?? container.Image, settings, command, detached };
}

type Name = Setting[0];

const each = (name: Name, values: readonly (string | number)[] | null | undefined): Setting[] =>
  (values ?? []).map((value) => [name, String(value)]);

/** Where a value is not the default. */
function unless<T extends string | number>(
  name: Name,
  value: T | null | undefined,
  ...same: readonly T[]
): Setting[] {
  if (value === null || value === undefined || value === "" || value === 0 || same.includes(value)) return [];
  return [[name, String(value)]];
}

const flag = (name: Name, on: boolean | null | undefined): Setting[] => (on ? [[name]] : []);

const pairs = (name: Name, record: Readonly<Record<string, string>> | null | undefined): Setting[] =>
  each(
    name,
    Object.entries(record ?? {}).map(([key, value]) => `${key}=${value}`),
  );

/** Its own entrypoint makes the image's command void; of several words the first is the option's. */
function program(config: Config, image: Config): { entrypoint: Setting[]; command: readonly string[] } {
  const [own, theirs] = [config.Entrypoint ?? [], image.Entrypoint ?? []];
  const command = config.Cmd ?? [];
  if (own.join("\0") !== theirs.join("\0")) {
    const [first = "", ...rest] = own;
    return { entrypoint: [["entrypoint", first]], command: [...rest, ...command] };
  }
  return { entrypoint: [], command: command.join("\0") === (image.Cmd ?? []).join("\0") ? [] : command };
}

function streams({ OpenStdin, Tty, AttachStdin, AttachStdout, AttachStderr }: Config): Setting[] {
  const attached = [AttachStdin && "stdin", AttachStdout && "stdout", AttachStderr && "stderr"].filter(
    Boolean,
  );
  const usual = OpenStdin ? 3 : 2;
  const named = attached.length === 0 || attached.length === usual ? [] : attached;
  return [...flag("interactive", OpenStdin), ...flag("tty", Tty), ...each("attach", named as string[])];
}

function ofConfig(
  { Id, Config: config, HostConfig: { NetworkMode = "" } }: ContainerRecord,
  image: Config,
): Setting[] {
  const given = new Set(image.Env ?? []);
  const names = new Set((config.Env ?? []).map(nameOf));
  const gone = (image.Env ?? []).map(nameOf).filter((name) => !names.has(name));
  const labels = Object.entries(config.Labels ?? {}).filter(([key, value]) => image.Labels?.[key] !== value);
  const hostname = NetworkMode === "host" || NetworkMode.startsWith("container:") ? "" : config.Hostname;
  return [
    ...each("env", [...(config.Env ?? []).filter((entry) => !given.has(entry)), ...gone]),
    ...pairs("label", Object.fromEntries(labels)),
    ...unless("user", config.User, image.User ?? ""),
    ...unless("workdir", config.WorkingDir, image.WorkingDir ?? ""),
    ...unless("hostname", hostname, Id.slice(0, 12)),
    ...unless("domainname", config.Domainname),
    ...unless("stop-signal", config.StopSignal, image.StopSignal ?? ""),
    ...(config.StopTimeout === undefined ? [] : each("stop-timeout", [config.StopTimeout])),
  ];
}

const nameOf = (entry: string): string => entry.replace(/=.*/s, "");

const time = (value: number | undefined, of: number | undefined): string =>
  value === undefined || value === 0 || value === of ? "" : goDuration(value);

/** A Go duration of nanoseconds that reads back as the same. */
export function goDuration(value: number): string {
  const [unit, size] = [
    ["s", 1e9],
    ["ms", 1e6],
    ["us", 1e3],
    ["ns", 1],
  ].find(([, size]) => value % Number(size) === 0) ?? ["ns", 1];
  return `${value / Number(size)}${unit}`;
}

function health({ Healthcheck: own = {} }: Config, { Healthcheck: theirs = {} }: Config): Setting[] {
  const [kind, ...words] = own.Test ?? [];
  if (kind === "NONE") return theirs.Test?.[0] === "NONE" ? [] : [["no-healthcheck"]];
  const same = (own.Test ?? []).join("\0") === (theirs.Test ?? []).join("\0");
  const line = kind === "CMD" ? words.map(quoted).join(" ") : (words[0] ?? "");
  return [
    ...unless("health-cmd", same ? "" : line),
    ...unless("health-interval", time(own.Interval, theirs.Interval)),
    ...unless("health-timeout", time(own.Timeout, theirs.Timeout)),
    ...unless("health-start-period", time(own.StartPeriod, theirs.StartPeriod)),
    ...unless("health-start-interval", time(own.StartInterval, theirs.StartInterval)),
    ...unless("health-retries", own.Retries, theirs.Retries ?? 0),
  ];
}

function files(host: HostConfig, config: Config, image: Config): Setting[] {
  const anonymous = Object.keys(config.Volumes ?? {}).filter((path) => image.Volumes?.[path] === undefined);
  const devices = (host.Devices ?? []).map(({ PathOnHost, PathInContainer, CgroupPermissions }) =>
    CgroupPermissions === "rwm" && PathInContainer === PathOnHost
      ? PathOnHost
      : [PathOnHost, PathInContainer, CgroupPermissions].join(":"),
  );
  const requests = host.DeviceRequests ?? [];
  const cdi = requests.filter(({ Driver }) => Driver === "cdi").flatMap(({ DeviceIDs }) => DeviceIDs ?? []);
  const gpus = requests.filter(({ Driver }) => Driver !== "cdi").map(gpuText);
  return [
    ...each("volume", [...(host.Binds ?? []), ...anonymous]),
    ...each("mount", (host.Mounts ?? []).map(mountText)),
    ...each(
      "tmpfs",
      Object.entries(host.Tmpfs ?? {}).map(([path, options]) =>
        options === "" ? path : `${path}:${options}`,
      ),
    ),
    ...flag("read-only", host.ReadonlyRootfs),
    ...unless("shm-size", host.ShmSize, 64 << 20),
    ...pairs("storage-opt", host.StorageOpt),
    ...each("device", [...devices, ...cdi]),
    ...each("gpus", gpus),
    ...each("device-cgroup-rule", host.DeviceCgroupRules),
  ];
}

type DeviceRequest = NonNullable<HostConfig["DeviceRequests"]>[number];

function gpuText({ Count = 0, DeviceIDs, Capabilities, Driver }: DeviceRequest): string {
  const ids = DeviceIDs ?? [];
  const more = (Capabilities?.[0] ?? []).filter((name) => name !== "gpu");
  return [
    ids.length > 0 ? `"device=${ids.join(",")}"` : Count === -1 ? "all" : String(Count),
    ...(Driver === "" ? [] : [`driver=${Driver}`]),
    ...(more.length === 0 ? [] : [`"capabilities=${more.join(",")}"`]),
  ].join(",");
}

function limits(host: HostConfig): Setting[] {
  const memory = host.Memory ?? 0;
  const disks = (name: Name, list: HostConfig["BlkioDeviceReadBps"]) =>
    each(
      name,
      (list ?? []).map(({ Path, Rate, Weight }) => `${Path}:${Rate ?? Weight}`),
    );
  return [
    ...unless("memory", host.Memory),
    ...unless("memory-swap", host.MemorySwap, 2 * memory),
    ...unless("memory-reservation", host.MemoryReservation),
    ...(host.MemorySwappiness === null || host.MemorySwappiness === undefined
      ? []
      : each("memory-swappiness", [host.MemorySwappiness])),
    ...unless("cpus", (host.NanoCpus ?? 0) / 1e9),
    ...unless("cpu-shares", host.CpuShares),
    ...unless("cpu-period", host.CpuPeriod),
    ...unless("cpu-quota", host.CpuQuota),
    ...unless("cpuset-cpus", host.CpusetCpus),
    ...unless("cpuset-mems", host.CpusetMems),
    ...unless("pids-limit", host.PidsLimit),
    ...each(
      "ulimit",
      (host.Ulimits ?? []).map(({ Name, Soft, Hard }) => `${Name}=${Soft}:${Hard}`),
    ),
    ...flag("oom-kill-disable", host.OomKillDisable),
    ...unless("oom-score-adj", host.OomScoreAdj),
    ...unless("blkio-weight", host.BlkioWeight),
    ...disks("blkio-weight-device", host.BlkioWeightDevice),
    ...disks("device-read-bps", host.BlkioDeviceReadBps),
    ...disks("device-write-bps", host.BlkioDeviceWriteBps),
    ...disks("device-read-iops", host.BlkioDeviceReadIOps),
    ...disks("device-write-iops", host.BlkioDeviceWriteIOps),
    ...unless("cgroup-parent", host.CgroupParent),
  ];
}

function ports(host: HostConfig, config: Config, image: Config): Setting[] {
  const bound = host.PortBindings ?? {};
  const published = Object.entries(bound).flatMap(([port, bindings]) =>
    (bindings ?? []).map(({ HostIp, HostPort }) => {
      const ip = HostIp === "" ? "" : `${bracketed(HostIp)}:`;
      const outside = HostPort === "" && ip === "" ? "" : `${HostPort}:`;
      return `${ip}${outside}${port.replace(/\/tcp$/, "")}`;
    }),
  );
  const known = new Set([...Object.keys(bound), ...Object.keys(image.ExposedPorts ?? {})]);
  const exposed = Object.keys(config.ExposedPorts ?? {}).filter((port) => !known.has(port));
  return [
    ...each("publish", published),
    ...flag("publish-all", host.PublishAllPorts),
    ...each(
      "expose",
      exposed.map((port) => port.replace(/\/tcp$/, "")),
    ),
  ];
}

/** Capabilities and more; a seccomp profile is a file of the caller's, of which the record has the content. */
function security(host: HostConfig): Setting[] {
  const options = (host.SecurityOpt ?? []).filter(
    (option) => !(host.Privileged && option === "label=disable"),
  );
  return [
    ...each("cap-add", host.CapAdd?.map(bare)),
    ...each("cap-drop", host.CapDrop?.map(bare)),
    ...flag("privileged", host.Privileged),
    ...each(
      "security-opt",
      options.map((option) => option.replace(/^seccomp=\{.*/s, "seccomp=seccomp.json")),
    ),
    ...(host.MaskedPaths !== undefined && !host.MaskedPaths?.length && !host.Privileged
      ? each("security-opt", ["systempaths=unconfined"])
      : []),
    ...each("group-add", host.GroupAdd),
    ...pairs("sysctl", host.Sysctls),
    ...unless("pid", host.PidMode),
    ...unless("ipc", host.IpcMode, "private"),
    ...unless("uts", host.UTSMode),
    ...unless("cgroupns", host.CgroupnsMode, "private"),
    ...unless("userns", host.UsernsMode),
  ];
}

const bare = (capability: string): string => capability.replace(/^CAP_/, "");

function life(host: HostConfig): Setting[] {
  const { Name = "no", MaximumRetryCount: retries = 0 } = host.RestartPolicy ?? {};
  const { Type = "json-file", Config: config } = host.LogConfig ?? {};
  return [
    ...flag("init", host.Init),
    ...unless("runtime", host.Runtime, "inro"),
    ...unless("restart", retries > 0 ? `${Name}:${retries}` : Name, "no"),
    ...flag("rm", host.AutoRemove),
    ...unless("health-on-failure", host.HealthOnFailure, "none"),
    ...unless("log-driver", Type, "json-file"),
    ...pairs("log-opt", config),
    ...pairs("annotation", host.Annotations),
  ];
}

/** A word as a POSIX shell reads it. */
export const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
