import { defined, healthcheck, hostLine, tmpfs } from "../create/body.ts";
import { deviceRequests, isCdi } from "../create/devices.ts";
import { environment, labels, pairs } from "../create/environment.ts";
import { device, ulimit } from "../create/limits.ts";
import { mount, volumes } from "../create/mounts.ts";
import { namedNetworks } from "../create/networks.ts";
import { ports } from "../create/ports.ts";
import { securityOptions } from "../create/security.ts";
import { UsageError } from "../options/usage-error.ts";
import { limits } from "../verb/update.ts";
import { type EditValues, type FlagName, RESET } from "./options.ts";

export interface EditLine {
  readonly options: EditValues;
  readonly command: readonly string[];
  /** The options that were written, by their long names. */
  readonly given: ReadonlySet<string>;
}

function resetField(option: string): string {
  const field = RESET[option.replace(/^--/, "")];
  if (field !== undefined) return field;
  throw new UsageError(`cannot use "${option}" for --reset: it is none of ${Object.keys(RESET).join(", ")}`);
}

/** These networks are no place beside others. */
export const isApart = (network: string) => /^(host|none|container:.*)$/.test(network);

/** The body of POST /inro/containers/{id}/edit. */
export function editBody({ options, command, given }: EditLine): Record<string, unknown> {
  const mounts = volumes(options.volume);
  const flagged = (name: FlagName) => (given.has(name) ? options[name] : undefined);
  const networks = options.network.filter((network) => !isApart(network));
  const apart = options.network.filter(isApart);
  if (apart.length + Math.min(networks.length, 1) > 1)
    throw new UsageError(`--network ${apart[0]} cannot be had together with another network`);
  const cdi = options.device.filter(isCdi);
  return {
    Name: options.name,
    Set: defined({
      Image: options.image,
      Env: environment(options["env-file"], options.env).filter((entry) => entry.includes("=")),
      Labels: labels([], options.label),
      Cmd: command.length > 0 ? command : undefined,
      Entrypoint: options.entrypoint === undefined ? undefined : [options.entrypoint],
      User: options.user,
      WorkingDir: options.workdir,
      Hostname: options.hostname,
      Domainname: options.domainname,
      Tty: flagged("tty"),
      OpenStdin: flagged("interactive"),
      StopSignal: options["stop-signal"],
      StopTimeout: options["stop-timeout"],
      Healthcheck: healthcheck(options),
      Volumes: Object.fromEntries(mounts.anonymous.map((path) => [path, {}])),
      NetworkingConfig: networks.length === 0 ? undefined : { EndpointsConfig: namedNetworks(networks) },
      HostConfig: defined({
        Binds: mounts.binds,
        Mounts: options.mount.map(mount),
        Tmpfs: tmpfs(options.tmpfs),
        PortBindings: ports(options.publish, []).bindings,
        NetworkMode: apart[0],
        HealthOnFailure: options["health-on-failure"],
        AutoRemove: flagged("rm"),
        Init: flagged("init"),
        ReadonlyRootfs: flagged("read-only"),
        Privileged: flagged("privileged"),
        ShmSize: options["shm-size"],
        OomScoreAdj: options["oom-score-adj"],
        PidMode: options.pid,
        IpcMode: options.ipc,
        UTSMode: options.uts,
        CgroupnsMode: options.cgroupns,
        LogConfig: defined({ Type: options["log-driver"], Config: pairs(options["log-opt"]) }),
        CapAdd: options["cap-add"],
        CapDrop: options["cap-drop"],
        Devices: options.device.filter((entry) => !isCdi(entry)).map(device),
        DeviceRequests: deviceRequests(cdi, options.gpus),
        DeviceCgroupRules: options["device-cgroup-rule"],
        Ulimits: options.ulimit.map(ulimit),
        Sysctls: pairs(options.sysctl),
        GroupAdd: options["group-add"],
        ExtraHosts: options["add-host"].map(hostLine),
        Dns: options.dns,
        DnsSearch: options["dns-search"],
        DnsOptions: options["dns-option"],
        Annotations: pairs(options.annotation),
        ...givenSecurity(options["security-opt"]),
        ...limits(options),
      }),
    }),
    Remove: defined({
      Env: options["env-rm"],
      Labels: options["label-rm"],
      Mounts: options["mount-rm"],
      Ports: ports([...options["publish-rm"], ...options["rm-port"]], []).bindings,
      Networks: options["network-rm"],
      CapAdd: options["cap-add-rm"],
      CapDrop: options["cap-drop-rm"],
      Devices: options["device-rm"].filter((entry) => !isCdi(entry) && entry !== "gpus"),
      DeviceRequests: options["device-rm"].filter((entry) => isCdi(entry) || entry === "gpus"),
      DeviceCgroupRules: options["device-cgroup-rule-rm"],
      Ulimits: options["ulimit-rm"],
      Sysctls: options["sysctl-rm"],
      GroupAdd: options["group-add-rm"],
      SecurityOpt: options["security-opt-rm"],
      ExtraHosts: options["add-host-rm"],
      Dns: options["dns-rm"],
      DnsSearch: options["dns-search-rm"],
      DnsOptions: options["dns-option-rm"],
      LogConfig: options["log-opt-rm"],
      Annotations: options["annotation-rm"],
    }),
    Reset: options.reset.map(resetField),
  };
}

const givenSecurity = (entries: readonly string[]) => (entries.length === 0 ? {} : securityOptions(entries));
