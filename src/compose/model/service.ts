/** A service's members in the order in which docker compose v2 prints and hashes them (05-services.md). */
import { build } from "./build.ts";
import { dictionary, environment, list, oneOrMore, options, set, texts } from "./collection.ts";
import { healthcheck, hook, ownCommand } from "./command.ts";
import { deploy, develop } from "./deploy.ts";
import { endpoints, mac } from "./endpoint.ts";
import { variablesFiles } from "./environment.ts";
import { fileUses, secretUses } from "./file-use.ts";
import { hosts } from "./host.ts";
import { type Kind, kept } from "./kind.ts";
import { blkioConfig, gpus, ulimits } from "./limit.ts";
import { devices, mounts } from "./mount.ts";
import { expose, ports } from "./port.ts";
import type { Dependency, Service } from "./project.ts";
import { record } from "./record.ts";
import {
  anything,
  duration,
  flag,
  fraction,
  integer,
  loose,
  matching,
  oneOf,
  size,
  sizeOrAll,
  text,
} from "./scalar.ts";

/** @see depends_on: a name in a list is a service that has started. */
const longDependency = record<Dependency>({
  condition: oneOf("service_started", "service_healthy", "service_completed_successfully"),
  restart: flag,
  required: kept(flag),
});

const dependencies: Kind<Readonly<Record<string, Dependency>>> = {
  ...dictionary(longDependency),
  read: (node, at) => {
    if (node.kind === "sequence")
      return Object.fromEntries(
        list(text)
          .read(node, at)
          .map((name) => [name, { condition: "service_started", required: true } as const]),
      );
    const read = dictionary(longDependency).read(node, at);
    return Object.fromEntries(
      Object.entries(read).map(([name, dependency]) => [
        name,
        {
          ...dependency,
          condition: dependency.condition ?? "service_started",
          required: dependency.required ?? true,
        },
      ]),
    );
  },
};

/** Microseconds, or a duration. */
const microseconds: Kind<number> = {
  ...integer(0),
  read: (node, at) =>
    node.kind === "scalar" && typeof node.value === "string" && /[a-zµμ]$/.test(node.value)
      ? Math.round(duration.read(node, at) / 1000)
      : integer(0).read(node, at),
};

const longModels = dictionary(
  record<{ endpoint_var?: string; model_var?: string }>({ endpoint_var: text, model_var: text }),
);

const models: Kind<NonNullable<Service["models"]>> = {
  ...longModels,
  read: (node, at) =>
    node.kind === "sequence"
      ? Object.fromEntries(
          list(text)
            .read(node, at)
            .map((model) => [model, {}]),
        )
      : longModels.read(node, at),
};

const name = matching(
  "a name of letters, digits, _, . and -, of at least two, the first a letter or a digit",
  /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/,
);

export const service: Kind<Omit<Service, "name">> = record<Omit<Service, "name">>({
  profiles: set(matching("a profile's name", /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/)),
  annotations: texts,
  attach: kept(flag),
  build,
  develop,
  blkio_config: blkioConfig,
  cap_add: set(text),
  cap_drop: set(text),
  cgroup_parent: text,
  cgroup: oneOf("host", "private"),
  cpu_count: integer(0),
  cpu_percent: integer(0, 100),
  cpu_period: integer(0),
  cpu_quota: integer(-1),
  cpu_rt_period: microseconds,
  cpu_rt_runtime: microseconds,
  cpus: fraction,
  cpuset: matching('a list of processors, such as "0-3" or "0,1"', /^$|^\d+(-\d+)?(,\d+(-\d+)?)*$/),
  cpu_shares: integer(0),
  command: ownCommand,
  configs: fileUses,
  container_name: name,
  credential_spec: record<NonNullable<Service["credential_spec"]>>({
    config: text,
    file: text,
    registry: text,
  }),
  depends_on: dependencies,
  deploy,
  device_cgroup_rules: set(
    matching('a rule, such as "c 1:3 mr" or "a 7:* rmw"', /^[acb] (\d+|\*):(\d+|\*) [rwm]{1,3}$/),
  ),
  devices,
  dns: oneOrMore(text),
  dns_opt: set(text),
  dns_search: oneOrMore(text),
  domainname: text,
  entrypoint: ownCommand,
  provider: record<NonNullable<Service["provider"]>>({ type: text, options: anything }),
  environment,
  env_file: variablesFiles,
  expose,
  external_links: set(text),
  extra_hosts: hosts,
  group_add: set(loose),
  gpus,
  hostname: text,
  healthcheck,
  image: text,
  init: kept(flag),
  ipc: text,
  isolation: text,
  labels: texts,
  links: set(text),
  logging: record<NonNullable<Service["logging"]>>({ driver: text, options }),
  mem_limit: size,
  mem_reservation: size,
  memswap_limit: sizeOrAll,
  mem_swappiness: { ...integer(0, 100), print: String },
  mac_address: mac,
  models,
  network_mode: text,
  networks: endpoints,
  oom_kill_disable: flag,
  oom_score_adj: integer(-1000, 1000),
  pid: text,
  pids_limit: integer(-1),
  platform: matching("a platform, such as linux/arm64/v8", /^[a-z0-9_]+(\/[a-z0-9_]+){0,2}$/),
  ports,
  privileged: flag,
  pull_policy: matching(
    "always, never, missing, if_not_present, build, daily, weekly, refresh or every_<duration>, such as every_12h",
    /^(always|never|missing|if_not_present|build|daily|weekly|refresh|every_([0-9]+[wdhms])+)$/,
  ),
  read_only: flag,
  restart: matching(
    "one of no, always, on-failure, on-failure:<tries> and unless-stopped",
    /^(no|always|unless-stopped|on-failure(:\d+)?)$/,
  ),
  runtime: text,
  scale: kept(integer(0)),
  secrets: secretUses,
  security_opt: set(text),
  shm_size: size,
  stdin_open: flag,
  stop_grace_period: duration,
  stop_signal: matching("a signal, such as SIGTERM or 15", /^(SIG)?[A-Z0-9+-]+$/i),
  storage_opt: texts,
  sysctls: texts,
  tmpfs: oneOrMore(text),
  tty: flag,
  ulimits,
  use_api_socket: flag,
  user: text,
  userns_mode: text,
  uts: text,
  volumes: mounts,
  volumes_from: set(text),
  working_dir: text,
  post_start: list(hook),
  pre_stop: list(hook),
});
