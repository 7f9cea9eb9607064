/** What a container is to be; everything but the image may be left out. */
export interface ContainerSpec {
  readonly image: string;
  readonly name?: string;
  /** A text is one word, not a shell's line. */
  readonly command?: string | readonly string[];
  readonly entrypoint?: string | readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly user?: string;
  readonly workingDirectory?: string;
  readonly hostname?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly tty?: boolean;
  /** It has a standard input, which ends with that of the first who attaches. */
  readonly stdin?: boolean;
  /** `{ "80/tcp": 8080, "53/udp": "127.0.0.1:53" }`; 0: a free one of the host's. */
  readonly ports?: Readonly<Record<string, number | string>>;
  /** As `-v` takes them: `/srv:/data:ro`, `volume:/data`. */
  readonly volumes?: readonly string[];
  /** As the API has them. */
  readonly mounts?: readonly Readonly<Record<string, unknown>>[];
  /** A network by name, `host`, `none` or `container:NAME`. */
  readonly network?: string;
  /** Bytes. */
  readonly memory?: number;
  readonly cpus?: number;
  readonly readOnly?: boolean;
  readonly privileged?: boolean;
  /** Pid 1 is the engine's, and reaps. */
  readonly init?: boolean;
  readonly restart?: "no" | "always" | "unless-stopped" | "on-failure";
  /** It goes with its end. */
  readonly autoRemove?: boolean;
  /** What else the API's Config and HostConfig have; goes before everything above. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly hostConfig?: Readonly<Record<string, unknown>>;
}

const words = (text: string | readonly string[] | undefined) => (typeof text === "string" ? [text] : text);

const present = (fields: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

/** The body of POST /containers/create. */
export function createBody(spec: ContainerSpec): Record<string, unknown> {
  const { env, cpus, restart } = spec;
  const host = present({
    Binds: spec.volumes,
    Mounts: spec.mounts,
    NetworkMode: spec.network,
    Memory: spec.memory,
    NanoCpus: cpus === undefined ? undefined : Math.round(cpus * 1e9),
    ReadonlyRootfs: spec.readOnly,
    Privileged: spec.privileged,
    Init: spec.init,
    RestartPolicy: restart === undefined ? undefined : { Name: restart },
    AutoRemove: spec.autoRemove,
    PortBindings: spec.ports === undefined ? undefined : bindings(spec.ports),
    ...spec.hostConfig,
  });
  return present({
    Image: spec.image,
    Cmd: words(spec.command),
    Entrypoint: words(spec.entrypoint),
    Env: env === undefined ? undefined : Object.entries(env).map(([name, value]) => `${name}=${value}`),
    User: spec.user,
    WorkingDir: spec.workingDirectory,
    Hostname: spec.hostname,
    Labels: spec.labels,
    Tty: spec.tty,
    OpenStdin: spec.stdin,
    StdinOnce: spec.stdin,
    ExposedPorts:
      spec.ports === undefined
        ? undefined
        : Object.fromEntries(Object.keys(spec.ports).map((port) => [protocol(port), {}])),
    ...spec.config,
    HostConfig: host,
  });
}

const protocol = (port: string): string => (port.includes("/") ? port : `${port}/tcp`);

function bindings(ports: Readonly<Record<string, number | string>>): Record<string, unknown> {
  const binding = (to: number | string) => {
    const [, HostIp = "", HostPort = ""] = /^(?:(.*):)?(\d*)$/.exec(String(to)) ?? [];
    return [{ HostIp: HostIp.replace(/^\[|\]$/g, ""), HostPort: HostPort === "0" ? "" : HostPort }];
  };
  return Object.fromEntries(Object.entries(ports).map(([port, to]) => [protocol(port), binding(to)]));
}
