/** What of a container can be another later: see `container.edit`. */
export interface ContainerSettings {
  /** A text is one word, not a shell's line. */
  readonly command?: string | readonly string[];
  readonly entrypoint?: string | readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly user?: string;
  readonly workingDirectory?: string;
  readonly hostname?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly tty?: boolean;
  /** `{ "80/tcp": 8080, "53/udp": "127.0.0.1:53" }`; 0: a free one of the host's. */
  readonly ports?: Readonly<Record<string, number | string>>;
  /** As `-v` takes them: `/srv:/data:ro`, `volume:/data`. */
  readonly volumes?: readonly string[];
  /** As the API has them. */
  readonly mounts?: readonly Readonly<Record<string, unknown>>[];
  /** Options of mount(8) by their places: `{ "/run": "size=64m" }`. */
  readonly tmpfs?: Readonly<Record<string, string>>;
  /** A network by name, `host`, `none` or `container:NAME`. */
  readonly network?: string;
  /** Networks by name, with what it is called and has there: it is in all of them. */
  readonly networks?: Readonly<Record<string, NetworkSettings>>;
  readonly dns?: readonly string[];
  readonly dnsSearch?: readonly string[];
  /** Lines of /etc/hosts: `{ "db": "10.0.0.5", "host": "host-gateway" }`. */
  readonly hosts?: Readonly<Record<string, string>>;
  /** Bytes. */
  readonly memory?: number;
  readonly cpus?: number;
  readonly pidsLimit?: number;
  /** `{ nofile: 1024, core: [0, 0] }`: one for both, or the soft and the hard one; -1 is unlimited. */
  readonly ulimits?: Readonly<Record<string, number | readonly [number, number]>>;
  readonly readOnly?: boolean;
  readonly privileged?: boolean;
  readonly capAdd?: readonly string[];
  readonly capDrop?: readonly string[];
  /** `no-new-privileges`, `seccomp=unconfined`, `seccomp=` and the profile's JSON. */
  readonly security?: readonly string[];
  /** Devices of the host, with another place inside where one is said. */
  readonly devices?: readonly Device[];
  /** Supplementary groups. */
  readonly groups?: readonly string[];
  readonly sysctls?: Readonly<Record<string, string>>;
  /** Bytes of /dev/shm. */
  readonly shmSize?: number;
  /** Pid 1 is the engine's, and reaps. */
  readonly init?: boolean;
  readonly restart?: "no" | "always" | "unless-stopped" | "on-failure" | `on-failure:${number}`;
  readonly stopSignal?: string;
  /** Seconds. */
  readonly stopTimeout?: number;
  readonly health?: HealthCheck;
  readonly log?: { readonly driver?: string; readonly options?: Readonly<Record<string, string>> };
  /** It goes with its end. */
  readonly autoRemove?: boolean;
  /** What else the API's Config and HostConfig have; goes before everything above. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly hostConfig?: Readonly<Record<string, unknown>>;
}

/** What a container is to be; everything but the image may be left out. */
export interface ContainerSpec extends ContainerSettings {
  readonly image: string;
  readonly name?: string;
  /** It has a standard input, which ends with that of the first who attaches. */
  readonly stdin?: boolean;
}

export interface NetworkSettings {
  readonly aliases?: readonly string[];
  readonly ip?: string;
  readonly ip6?: string;
  readonly mac?: string;
  /** The default route leads through the network with the highest one. */
  readonly gatewayPriority?: number;
}

export interface Device {
  readonly path: string;
  readonly inside?: string;
  /** Some of `r`, `w` and `m`; all of them without it. */
  readonly permissions?: string;
}

export interface HealthCheck {
  /** A text is a line for the image's shell. */
  readonly command?: string | readonly string[];
  /** Seconds, as the others. */
  readonly interval?: number;
  readonly timeout?: number;
  readonly startPeriod?: number;
  readonly startInterval?: number;
  readonly retries?: number;
  readonly onFailure?: "none" | "kill" | "restart" | "stop";
}

const words = (text: string | readonly string[] | undefined) => (typeof text === "string" ? [text] : text);

export const present = (fields: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

const each = <T, U>(record: Readonly<Record<string, T>> | undefined, make: (name: string, value: T) => U) =>
  record === undefined ? undefined : Object.entries(record).map(([name, value]) => make(name, value));

/** The body of POST /containers/create. */
export function createBody(spec: ContainerSpec): Record<string, unknown> {
  const { networks = {}, ports } = spec;
  // A container is made in one network, and in the others with it.
  const [first] = Object.keys(networks);
  const { HostConfig, ...config } = settingsBody({
    ...spec,
    ...(spec.network === undefined && first !== undefined ? { network: first } : {}),
  });
  return present({
    Image: spec.image,
    OpenStdin: spec.stdin,
    StdinOnce: spec.stdin,
    ExposedPorts:
      ports === undefined
        ? undefined
        : Object.fromEntries(Object.keys(ports).map((port) => [protocol(port), {}])),
    ...config,
    HostConfig,
  });
}

/** The part of it that can be another later. */
export function settingsBody(spec: ContainerSettings): Record<string, unknown> {
  const { networks } = spec;
  return present({
    Cmd: words(spec.command),
    Entrypoint: words(spec.entrypoint),
    Env: each(spec.env, (name, value) => `${name}=${value}`),
    User: spec.user,
    WorkingDir: spec.workingDirectory,
    Hostname: spec.hostname,
    Labels: spec.labels,
    Tty: spec.tty,
    StopSignal: spec.stopSignal,
    StopTimeout: spec.stopTimeout,
    Healthcheck: spec.health === undefined ? undefined : healthcheck(spec.health),
    NetworkingConfig: networks === undefined ? undefined : { EndpointsConfig: endpoints(networks) },
    ...spec.config,
    HostConfig: hostConfig(spec),
  });
}

function hostConfig(spec: ContainerSettings): Record<string, unknown> {
  const { cpus, restart, log } = spec;
  return present({
    Binds: spec.volumes,
    Mounts: spec.mounts,
    Tmpfs: spec.tmpfs,
    NetworkMode: spec.network,
    Dns: spec.dns,
    DnsSearch: spec.dnsSearch,
    ExtraHosts: each(spec.hosts, (name, address) => `${name}:${address}`),
    Memory: spec.memory,
    NanoCpus: cpus === undefined ? undefined : Math.round(cpus * 1e9),
    PidsLimit: spec.pidsLimit,
    Ulimits: each(spec.ulimits, (Name, limit) => {
      const [Soft, Hard] = typeof limit === "number" ? [limit, limit] : limit;
      return { Name, Soft, Hard };
    }),
    ReadonlyRootfs: spec.readOnly,
    Privileged: spec.privileged,
    CapAdd: spec.capAdd,
    CapDrop: spec.capDrop,
    SecurityOpt: spec.security,
    Devices: spec.devices?.map(({ path, inside = path, permissions = "rwm" }) => ({
      PathOnHost: path,
      PathInContainer: inside,
      CgroupPermissions: permissions,
    })),
    GroupAdd: spec.groups,
    Sysctls: spec.sysctls,
    ShmSize: spec.shmSize,
    Init: spec.init,
    RestartPolicy: restart === undefined ? undefined : restartPolicy(restart),
    HealthOnFailure: spec.health?.onFailure,
    LogConfig: log === undefined ? undefined : present({ Type: log.driver, Config: log.options }),
    AutoRemove: spec.autoRemove,
    PortBindings: spec.ports === undefined ? undefined : bindings(spec.ports),
    ...spec.hostConfig,
  });
}

function restartPolicy(policy: NonNullable<ContainerSettings["restart"]>): Record<string, unknown> {
  const [Name, retries] = policy.split(":");
  return present({ Name, MaximumRetryCount: retries === undefined ? undefined : Number(retries) });
}

function healthcheck(check: HealthCheck): Record<string, unknown> {
  const nanoseconds = (seconds: number | undefined) =>
    seconds === undefined ? undefined : Math.round(seconds * 1e9);
  const { command } = check;
  return present({
    Test:
      command === undefined
        ? undefined
        : typeof command === "string"
          ? ["CMD-SHELL", command]
          : ["CMD", ...command],
    Interval: nanoseconds(check.interval),
    Timeout: nanoseconds(check.timeout),
    StartPeriod: nanoseconds(check.startPeriod),
    StartInterval: nanoseconds(check.startInterval),
    Retries: check.retries,
  });
}

const endpoints = (networks: Readonly<Record<string, NetworkSettings>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(networks).map(([name, settings]) => [name, endpoint(settings)]));

/** The API's EndpointSettings. */
export const endpoint = ({ aliases, ip, ip6, mac, gatewayPriority }: NetworkSettings) =>
  present({
    Aliases: aliases,
    IPAMConfig: present({ IPv4Address: ip, IPv6Address: ip6 }),
    MacAddress: mac,
    GwPriority: gatewayPriority,
  });

const protocol = (port: string): string => (port.includes("/") ? port : `${port}/tcp`);

export function bindings(ports: Readonly<Record<string, number | string>>): Record<string, unknown> {
  const binding = (to: number | string) => {
    const [, HostIp = "", HostPort = ""] = /^(?:(.*):)?(\d*)$/.exec(String(to)) ?? [];
    return [{ HostIp: HostIp.replace(/^\[|\]$/g, ""), HostPort: HostPort === "0" ? "" : HostPort }];
  };
  return Object.fromEntries(Object.entries(ports).map(([port, to]) => [protocol(port), binding(to)]));
}
