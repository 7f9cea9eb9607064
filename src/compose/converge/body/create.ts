import type { Project, Service } from "../../model/project.ts";
import type { FoundImage } from "../actual.ts";
import { containerLabels, containerName, imageName, label } from "../labels.ts";
import { type Peers, resolved } from "../resolve.ts";
import { deviceMappings, deviceRequests } from "./devices.ts";
import { mounts } from "./mounts.ts";
import { networking, networkMode } from "./networks.ts";
import { expose, portBindings } from "./ports.ts";
import { limits, ulimits } from "./resources.ts";
import { restartPolicy } from "./restart.ts";

export interface CreateContext {
  readonly project: Project;
  readonly service: Service;
  readonly number: number;
  readonly image: Pick<FoundImage, "id" | "entrypoint">;
  /** Of its service: `configHash`. */
  readonly hash: string;
  readonly peers: Peers;
  /** Of whoever calls: for variables without a value. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly inherits?: Readonly<Record<string, string>>;
  readonly replaces?: string;
  /** A run of its own: its name; it does not answer to its service's name unless `aliases`. */
  readonly oneOff?: {
    readonly name: string;
    readonly slug: string;
    readonly aliases: boolean;
    readonly remove: boolean;
  };
  /** The engine's socket, for `use_api_socket`. */
  readonly socket?: string;
}

/** The body of POST /containers/create: what the file does not say is left out, so that the engine's defaults count. */
export function createBody(context: CreateContext): Record<string, unknown> {
  const { project, peers, number, image, hash, replaces, oneOff } = context;
  const service = resolved(context.service, peers, { modes: true });
  return defined({
    Image: imageName(project, service),
    Cmd: service.command ?? undefined,
    Entrypoint: entrypoint(service, image),
    Env: environment(context),
    WorkingDir: service.working_dir,
    User: service.user,
    Hostname: service.hostname,
    Domainname: service.domainname,
    Labels: {
      ...containerLabels(project, service, { number, oneOff: oneOff !== undefined, hash, image: image.id }),
      ...(replaces === undefined ? {} : { [label.replaces]: replaces }),
      ...(oneOff === undefined ? {} : { [label.slug]: oneOff.slug }),
    },
    Tty: service.tty,
    OpenStdin: service.stdin_open,
    // The end of what a single run is given is the end of its input.
    ...(oneOff !== undefined && service.stdin_open === true ? { AttachStdin: true, StdinOnce: true } : {}),
    AttachStdout: true,
    AttachStderr: true,
    ExposedPorts: Object.fromEntries(expose(service).map((port) => [port, {}])),
    StopSignal: service.stop_signal,
    StopTimeout: service.stop_grace_period === undefined ? undefined : seconds(service.stop_grace_period),
    Healthcheck: healthcheck(service),
    HostConfig: hostConfig(context, service),
    NetworkingConfig: networking(project, service, {
      links: links(service, peers),
      names:
        oneOff === undefined
          ? [containerName(project, service, number), service.name]
          : [oneOff.name, ...(oneOff.aliases ? [service.name] : [])],
      extra: oneOff === undefined || oneOff.aliases,
    }),
  });
}

function hostConfig(context: CreateContext, service: Service): Record<string, unknown> {
  const { project, inherits = {} } = context;
  const security = securityOptions(service);
  return defined({
    ...mounts(project, service, inherits, context.socket),
    Tmpfs: Object.fromEntries((service.tmpfs ?? []).map((entry) => splitOnce(entry, ":"))),
    ReadonlyRootfs: service.read_only,
    ShmSize: service.shm_size,
    VolumesFrom: service.volumes_from,
    StorageOpt: service.storage_opt,
    Devices: deviceMappings(service),
    DeviceRequests: deviceRequests(service),
    DeviceCgroupRules: service.device_cgroup_rules,
    ...limits(service),
    Ulimits: ulimits(service),
    PortBindings: portBindings(service),
    NetworkMode: networkMode(project, service),
    Links: links(service, context.peers),
    ExtraHosts: Object.entries(service.extra_hosts ?? {}).flatMap(([host, addresses]) =>
      addresses.map((address) => `${host}:${address}`),
    ),
    Dns: service.dns,
    DnsSearch: service.dns_search,
    DnsOptions: service.dns_opt,
    CapAdd: service.cap_add,
    CapDrop: service.cap_drop,
    Privileged: service.privileged,
    ...security,
    GroupAdd: service.group_add,
    Sysctls: service.sysctls,
    PidMode: service.pid,
    IpcMode: service.ipc,
    UTSMode: service.uts,
    CgroupnsMode: service.cgroup,
    CgroupParent: service.cgroup_parent,
    UsernsMode: service.userns_mode,
    Isolation: service.isolation,
    RestartPolicy: context.oneOff === undefined ? restartPolicy(service) : undefined,
    ...(context.oneOff?.remove === true ? { AutoRemove: true } : {}),
    Init: service.init,
    LogConfig: defined({ Type: service.logging?.driver, Config: service.logging?.options }),
    Annotations: service.annotations,
    Runtime: service.runtime,
  });
}

/**
 * An empty command asks for none (05-services.md, "command"), and engines read it as the image's unless the request
 * has an entry point of its own.
 */
function entrypoint(service: Service, image: Pick<FoundImage, "entrypoint">): readonly string[] | undefined {
  if (service.entrypoint !== null) return service.entrypoint;
  return service.command?.length === 0 ? (image.entrypoint ?? undefined) : undefined;
}

/** A variable that has no value here either is named alone: that removes the image's. */
function environment({ service, env }: CreateContext): readonly string[] {
  return Object.entries(service.environment)
    .map(([name, value]) => [name, value ?? env[name]] as const)
    .map(([name, value]) => (value === undefined ? name : `${name}=${value}`))
    .sort();
}

/** The API has whole seconds: no shorter than what was asked for. */
export const seconds = (nanoseconds: number): number => Math.ceil(nanoseconds / 1e9);

function healthcheck({ healthcheck }: Service): Record<string, unknown> | undefined {
  if (healthcheck === undefined) return undefined;
  return defined({
    Test: healthcheck.disable === true ? ["NONE"] : healthcheck.test,
    Interval: healthcheck.interval,
    Timeout: healthcheck.timeout,
    StartPeriod: healthcheck.start_period,
    StartInterval: healthcheck.start_interval,
    Retries: healthcheck.retries,
  });
}

/** Each container of the other service answers to the alias, to its number and to its own name. */
function links(service: Service, peers: Peers): readonly string[] {
  const own = (service.links ?? []).flatMap((link) => {
    const [name, alias] = splitOnce(link, ":");
    return peers(name).flatMap((peer) => [
      `${peer.name}:${alias || name}`,
      `${peer.name}:${name}-${peer.number}`,
      `${peer.name}:${peer.name}`,
    ]);
  });
  const others = (service.external_links ?? []).map((link) => {
    const [name, alias] = splitOnce(link, ":");
    return `${name}:${alias || name}`;
  });
  return [...own, ...others];
}

/** A seccomp profile's file is read by whoever creates the container. */
function securityOptions({ security_opt = [], credential_spec: spec }: Service): Record<string, unknown> {
  const open = "systempaths=unconfined";
  const credential = Object.entries(spec ?? {})
    .filter(([kind]) => kind !== "config")
    .map(([kind, value]) => `credentialspec=${kind}://${value}`);
  return {
    SecurityOpt: [...security_opt.filter((entry) => entry !== open), ...credential],
    ...(security_opt.includes(open) ? { MaskedPaths: [], ReadonlyPaths: [] } : {}),
  };
}

function splitOnce(text: string, separator: string): readonly [string, string] {
  const place = text.indexOf(separator);
  return place < 0 ? [text, ""] : [text.slice(0, place), text.slice(place + separator.length)];
}

/** Of these an empty list is a request of its own. */
const MEANT = new Set(["Cmd", "Entrypoint", "MaskedPaths", "ReadonlyPaths"]);

/** Without what is undefined, and without empty lists and records. */
export function defined(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([name, value]) => !isAbsent(name, value)));
}

function isAbsent(name: string, value: unknown): boolean {
  if (value === undefined) return true;
  if (MEANT.has(name)) return false;
  if (Array.isArray(value)) return value.length === 0;
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}
