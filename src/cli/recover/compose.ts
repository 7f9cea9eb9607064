import { mount } from "../create/mounts.ts";
import type { Recovered, Setting } from "./settings.ts";
import { yaml } from "./yaml.ts";

type Name = Setting[0];
type Service = Record<string, unknown>;

/** How an option stands in a Compose service (compose-spec, "services"): as a list, a record, a value, or by its own rule. */
type Rule =
  | readonly ["list" | "record" | "value" | "number" | "flag", string]
  | ((service: Service, value: string) => void);

const healthcheck =
  (key: string): Rule =>
  (service, value) => {
    service["healthcheck"] = { ...(service["healthcheck"] as object), [key]: value };
  };

const disk =
  (key: string, what: "weight" | "rate"): Rule =>
  (service, value) => {
    const colon = value.lastIndexOf(":");
    const config = { ...(service["blkio_config"] as Record<string, unknown>) };
    append(config, key, { path: value.slice(0, colon), [what]: Number(value.slice(colon + 1)) });
    service["blkio_config"] = config;
  };

const RULES: { readonly [N in Name]?: Rule } = {
  name: ["value", "container_name"],
  env: ["list", "environment"],
  label: ["record", "labels"],
  user: ["value", "user"],
  workdir: ["value", "working_dir"],
  hostname: ["value", "hostname"],
  domainname: ["value", "domainname"],
  entrypoint: (service, value) => {
    service["entrypoint"] = value === "" ? [] : [value];
  },
  interactive: ["flag", "stdin_open"],
  tty: ["flag", "tty"],
  init: ["flag", "init"],
  "stop-signal": ["value", "stop_signal"],
  "stop-timeout": (service, value) => {
    service["stop_grace_period"] = `${value}s`;
  },
  volume: ["list", "volumes"],
  mount: (service, value) => append(service, "volumes", longMount(value)),
  tmpfs: ["list", "tmpfs"],
  "read-only": ["flag", "read_only"],
  "shm-size": ["number", "shm_size"],
  "storage-opt": ["record", "storage_opt"],
  device: ["list", "devices"],
  "device-cgroup-rule": ["list", "device_cgroup_rules"],
  memory: ["number", "mem_limit"],
  "memory-swap": ["number", "memswap_limit"],
  "memory-reservation": ["number", "mem_reservation"],
  "memory-swappiness": ["number", "mem_swappiness"],
  cpus: ["number", "cpus"],
  "cpu-shares": ["number", "cpu_shares"],
  "cpu-period": ["number", "cpu_period"],
  "cpu-quota": ["number", "cpu_quota"],
  "cpuset-cpus": ["value", "cpuset"],
  "pids-limit": ["number", "pids_limit"],
  ulimit: (service, value) => {
    const [name = "", limits = ""] = value.split("=");
    const [soft, hard] = limits.split(":").map(Number);
    service["ulimits"] = { ...(service["ulimits"] as object), [name]: { soft, hard } };
  },
  "oom-kill-disable": ["flag", "oom_kill_disable"],
  "oom-score-adj": ["number", "oom_score_adj"],
  "blkio-weight": (service, value) => {
    service["blkio_config"] = { ...(service["blkio_config"] as object), weight: Number(value) };
  },
  "blkio-weight-device": disk("weight_device", "weight"),
  "device-read-bps": disk("device_read_bps", "rate"),
  "device-write-bps": disk("device_write_bps", "rate"),
  "device-read-iops": disk("device_read_iops", "rate"),
  "device-write-iops": disk("device_write_iops", "rate"),
  link: ["list", "external_links"],
  "cgroup-parent": ["value", "cgroup_parent"],
  publish: ["list", "ports"],
  expose: ["list", "expose"],
  network: (service, value) => {
    const { name, ...settings } = longNetwork(value);
    if (/^(host|none|bridge|container:.*)$/.test(name)) service["network_mode"] = name;
    else service["networks"] = { ...(service["networks"] as object), [name]: settings };
  },
  "network-alias": (service, value) => ofFirstNetwork(service, (first) => append(first, "aliases", value)),
  ip: (service, value) =>
    ofFirstNetwork(service, (first) => {
      first["ipv4_address"] = value;
    }),
  ip6: (service, value) =>
    ofFirstNetwork(service, (first) => {
      first["ipv6_address"] = value;
    }),
  "mac-address": ["value", "mac_address"],
  "add-host": ["list", "extra_hosts"],
  dns: ["list", "dns"],
  "dns-search": ["list", "dns_search"],
  "dns-option": ["list", "dns_opt"],
  "cap-add": ["list", "cap_add"],
  "cap-drop": ["list", "cap_drop"],
  privileged: ["flag", "privileged"],
  "security-opt": ["list", "security_opt"],
  "group-add": ["list", "group_add"],
  sysctl: ["record", "sysctls"],
  pid: ["value", "pid"],
  ipc: ["value", "ipc"],
  uts: ["value", "uts"],
  cgroupns: ["value", "cgroup"],
  userns: ["value", "userns_mode"],
  runtime: ["value", "runtime"],
  restart: ["value", "restart"],
  annotation: ["record", "annotations"],
  "log-driver": (service, value) => {
    service["logging"] = { ...(service["logging"] as object), driver: value };
  },
  "log-opt": (service, value) => {
    const logging = (service["logging"] ?? {}) as { options?: object };
    const [key = "", ...rest] = value.split("=");
    service["logging"] = { ...logging, options: { ...logging.options, [key]: rest.join("=") } };
  },
  "health-cmd": healthcheck("test"),
  "health-interval": healthcheck("interval"),
  "health-timeout": healthcheck("timeout"),
  "health-start-period": healthcheck("start_period"),
  "health-start-interval": healthcheck("start_interval"),
  "health-retries": (service, value) => {
    service["healthcheck"] = { ...(service["healthcheck"] as object), retries: Number(value) };
  },
  "no-healthcheck": (service) => {
    service["healthcheck"] = { disable: true };
  },
};

/** A Compose file with one service; what Compose has no word for stands in a comment. */
export function composeText({ image, settings, command }: Recovered): string {
  // Without a word Compose makes a network of the project's own.
  const atDefault = settings.every(([name]) => name !== "network");
  const service: Service = {
    image,
    ...(atDefault ? { network_mode: "bridge" } : {}),
    ...(command.length === 0 ? {} : { command: [...command] }),
  };
  const unsaid: string[] = [];
  for (const [name, value = ""] of settings) {
    const rule = RULES[name];
    if (rule === undefined) unsaid.push(`--${name}${value === "" ? "" : ` ${value}`}`);
    else if (typeof rule === "function") rule(service, value);
    else put(service, rule, value);
  }
  const name = String(service["container_name"]);
  const file = {
    services: { [name.replace(/[^a-zA-Z0-9._-]/g, "-")]: service },
    ...external("networks", Object.keys((service["networks"] ?? {}) as object)),
    ...external("volumes", namedVolumes(service)),
  };
  return unsaid.map((option) => `# not in Compose: ${option}\n`).join("") + yaml(escaped(file));
}

function put(service: Service, [kind, key]: Exclude<Rule, (...all: never) => unknown>, value: string): void {
  if (kind === "list") append(service, key, value);
  else if (kind === "flag") service[key] = true;
  else if (kind === "value") service[key] = value;
  else if (kind === "number") service[key] = Number(value);
  else {
    const equals = value.indexOf("=");
    service[key] = { ...(service[key] as object), [value.slice(0, equals)]: value.slice(equals + 1) };
  }
}

function append(to: Record<string, unknown>, key: string, value: unknown): void {
  to[key] = [...((to[key] ?? []) as unknown[]), value];
}

/** Those of the service's one network, which `bridge` is not. */
function ofFirstNetwork(service: Service, change: (network: Record<string, unknown>) => void): void {
  const networks = (service["networks"] ?? {}) as Record<string, Record<string, unknown>>;
  const [first] = Object.values(networks);
  if (first !== undefined) change(first);
}

function longNetwork(value: string): { readonly name: string } & Record<string, unknown> {
  if (!value.includes("=")) return { name: value };
  const settings: { name: string } & Record<string, unknown> = { name: "" };
  for (const part of value.split(",")) {
    const [key = "", text = ""] = part.split(/=(.*)/s);
    if (key === "name") settings.name = text;
    else if (key === "alias") append(settings, "aliases", text);
    else if (key === "gw-priority") settings["gw_priority"] = Number(text);
    else settings[key === "ip" ? "ipv4_address" : "ipv6_address"] = text;
  }
  return settings;
}

function longMount(text: string): Record<string, unknown> {
  const {
    Type,
    Source,
    Target,
    ReadOnly,
    BindOptions = {},
    VolumeOptions = {},
    ImageOptions = {},
    TmpfsOptions = {},
  } = mount(text);
  const part = (record: Record<string, unknown>) => (Object.keys(record).length === 0 ? undefined : record);
  const said: Record<string, unknown> = {
    type: Type,
    source: Source,
    target: Target,
    read_only: ReadOnly,
    bind: part({
      ...(BindOptions["Propagation"] === undefined ? {} : { propagation: BindOptions["Propagation"] }),
      ...(BindOptions["CreateMountpoint"] ? { create_host_path: true } : {}),
      ...(BindOptions["NonRecursive"] ? { recursive: "disabled" } : {}),
    }),
    volume: part({
      ...(VolumeOptions["NoCopy"] ? { nocopy: true } : {}),
      ...(VolumeOptions["Subpath"] === undefined ? {} : { subpath: VolumeOptions["Subpath"] }),
    }),
    tmpfs: part({
      ...(TmpfsOptions["SizeBytes"] === undefined ? {} : { size: TmpfsOptions["SizeBytes"] }),
      ...(TmpfsOptions["Mode"] === undefined ? {} : { mode: TmpfsOptions["Mode"] }),
    }),
    image: part(ImageOptions["Subpath"] === undefined ? {} : { subpath: ImageOptions["Subpath"] }),
  };
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
}

const external = (kind: string, names: readonly string[]): Record<string, unknown> =>
  names.length === 0 ? {} : { [kind]: Object.fromEntries(names.map((name) => [name, { external: true }])) };

/** They are there already, and Compose would otherwise make others with the project's name before theirs. */
function namedVolumes(service: Service): string[] {
  const all = (service["volumes"] ?? []) as (string | { type: string; source?: string })[];
  const sources = all.flatMap((one) => {
    if (typeof one !== "string") return one.type === "volume" ? (one.source ?? []) : [];
    const [source = "", target] = one.split(":");
    return target === undefined || source.startsWith("/") ? [] : source;
  });
  return [...new Set(sources)];
}

/** Compose replaces `$NAME`; `$$` is a dollar sign. */
function escaped(value: unknown): unknown {
  if (typeof value === "string") return value.replaceAll("$", "$$$$");
  if (Array.isArray(value)) return value.map(escaped);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, escaped(each)]));
}
