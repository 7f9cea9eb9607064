import { createOptions } from "../create/options.ts";
import {
  type FlagOption,
  flag,
  type ListOption,
  list,
  type OptionTable,
  text,
  type Values,
} from "../options/option.ts";
import { limitOptions } from "../verb/update.ts";

/** The fields of the API that `--reset` means. */
export const RESET: Readonly<Record<string, string>> = {
  command: "Cmd",
  entrypoint: "Entrypoint",
  user: "User",
  workdir: "WorkingDir",
  hostname: "Hostname",
  domainname: "Domainname",
  tty: "Tty",
  interactive: "OpenStdin",
  "stop-signal": "StopSignal",
  "stop-timeout": "StopTimeout",
  "health-cmd": "Healthcheck",
  "health-on-failure": "HealthOnFailure",
  rm: "AutoRemove",
  init: "Init",
  "read-only": "ReadonlyRootfs",
  privileged: "Privileged",
  "shm-size": "ShmSize",
  "oom-score-adj": "OomScoreAdj",
  pid: "PidMode",
  ipc: "IpcMode",
  uts: "UTSMode",
  cgroupns: "CgroupnsMode",
  "log-driver": "LogConfig",
};

/** Of these several can be had: each has a companion that takes one away, by what tells it from the others. */
export const LISTS = {
  network: "NETWORK",
  "cap-add": "NAME",
  "cap-drop": "NAME",
  device: "DST",
  "device-cgroup-rule": "RULE",
  ulimit: "NAME",
  sysctl: "KEY",
  "group-add": "GROUP",
  "security-opt": "NAME",
  "add-host": "NAME",
  dns: "ADDRESS",
  "dns-search": "DOMAIN",
  "dns-option": "OPTION",
  "log-opt": "KEY",
  annotation: "KEY",
} as const;

export type ListName = keyof typeof LISTS;

const lists = Object.fromEntries(
  (Object.keys(LISTS) as ListName[]).flatMap((name) => {
    const { group, hidden } = createOptions[name] as OptionTable[string];
    const more = { ...(group === undefined ? {} : { group }), ...(hidden === true ? { hidden } : {}) };
    return [
      [name, createOptions[name]],
      [`${name}-rm`, list(LISTS[name], `Take one of --${name} away`, more)],
    ];
  }),
) as unknown as { readonly [K in ListName | `${ListName}-rm`]: ListOption };

export const editOptions = {
  "dry-run": flag("Change nothing: show what would happen"),
  force: flag("Do not ask before it is restarted", { short: "f" }),
  reset: list("OPTION", "Make it what the image or the default has: user, workdir, entrypoint, …", {
    words: Object.keys(RESET),
  }),
  name: text("NAME", "Its new name"),
  image: text("IMAGE", "Refused, with the way round", { hidden: true }),
  label: list("KEY[=VALUE]", "Set a label", { short: "l" }),
  "label-rm": list("KEY", "Take a label away"),
  env: list("NAME[=VALUE]", "Set an environment variable; without a value, take this shell's", {
    short: "e",
  }),
  "env-file": list("FILE", "Read environment variables from a file"),
  "env-rm": list("NAME", "Take an environment variable away"),
  entrypoint: createOptions.entrypoint,
  workdir: createOptions.workdir,
  user: createOptions.user,
  hostname: createOptions.hostname,
  domainname: createOptions.domainname,
  init: createOptions.init,
  interactive: createOptions.interactive,
  tty: createOptions.tty,
  volume: createOptions.volume,
  mount: createOptions.mount,
  tmpfs: createOptions.tmpfs,
  "mount-rm": list("DST", "Take away what is mounted there; a volume is kept", { group: "Files" }),
  "read-only": createOptions["read-only"],
  "shm-size": createOptions["shm-size"],
  gpus: createOptions.gpus,
  ...limitOptions,
  "oom-score-adj": createOptions["oom-score-adj"],
  publish: createOptions.publish,
  "publish-rm": list("[[IP:]HOST:]CTR[/udp]", "Close a port that it publishes", { group: "Network" }),
  "rm-port": list("PORT", "As --publish-rm", { hidden: true }),
  ...lists,
  privileged: createOptions.privileged,
  pid: createOptions.pid,
  ipc: createOptions.ipc,
  uts: createOptions.uts,
  cgroupns: createOptions.cgroupns,
  rm: createOptions.rm,
  "stop-signal": createOptions["stop-signal"],
  "stop-timeout": createOptions["stop-timeout"],
  "log-driver": createOptions["log-driver"],
  "health-cmd": createOptions["health-cmd"],
  "health-interval": createOptions["health-interval"],
  "health-timeout": createOptions["health-timeout"],
  "health-retries": createOptions["health-retries"],
  "health-start-period": createOptions["health-start-period"],
  "health-start-interval": createOptions["health-start-interval"],
  "health-on-failure": createOptions["health-on-failure"],
  "no-healthcheck": createOptions["no-healthcheck"],
} as const;

export type EditValues = Values<typeof editOptions>;

export type FlagName = {
  [K in keyof typeof editOptions]: (typeof editOptions)[K] extends FlagOption ? K : never;
}[keyof typeof editOptions];
