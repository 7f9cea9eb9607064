/**
 * An application, as a Compose file says it (compose-spec): every short form is in its long one, every path is absolute,
 * every variable is replaced, sizes are bytes, times are nanoseconds, modes are numbers. What a file did not say is left
 * out. Members have the specification's names.
 */

export interface Project {
  readonly name: string;
  /** Absolute; what relative paths stood against. */
  readonly workingDir: string;
  /** Absolute, in the order in which they were merged; those that are included are not among them. */
  readonly files: readonly string[];
  /** Absolute, of `--env-file`; where there is none, `.env` counts by itself. */
  readonly envFiles?: readonly string[];
  /** The profiles that are on. */
  readonly profiles: readonly string[];
  /** Those that are on, by name. */
  readonly services: ReadonlyMap<string, Service>;
  /** Those that no profile has turned on: named only to say so, and for `config --profiles`. */
  readonly disabled: ReadonlyMap<string, Service>;
  /** These and what follows: of which services that are on make use. */
  readonly networks: ReadonlyMap<string, Network>;
  readonly volumes: ReadonlyMap<string, Volume>;
  readonly secrets: ReadonlyMap<string, FileObject>;
  readonly configs: ReadonlyMap<string, FileObject>;
  readonly models: ReadonlyMap<string, Model>;
  readonly extensions?: Extensions;
  /** What is accepted and not acted on, a line each. */
  readonly warnings: readonly string[];
}

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** `x-…` members, as they are. */
export type Extensions = Readonly<Record<string, Json>>;

export type Texts = Readonly<Record<string, string>>;

/** Null: it has the value that whoever calls has, or is not there. */
export type Environment = Readonly<Record<string, string | null>>;

export interface Service {
  readonly name: string;
  readonly annotations?: Texts;
  readonly attach?: boolean;
  readonly build?: Build;
  readonly blkio_config?: BlkioConfig;
  readonly cap_add?: readonly string[];
  readonly cap_drop?: readonly string[];
  readonly cgroup?: string;
  readonly cgroup_parent?: string;
  /** Null: the image's. Empty: none. */
  readonly command: readonly string[] | null;
  readonly configs?: readonly FileUse[];
  readonly container_name?: string;
  readonly cpu_count?: number;
  readonly cpu_percent?: number;
  readonly cpu_period?: number;
  readonly cpu_quota?: number;
  /** Microseconds. */
  readonly cpu_rt_period?: number;
  readonly cpu_rt_runtime?: number;
  readonly cpu_shares?: number;
  readonly cpus?: number;
  readonly cpuset?: string;
  readonly credential_spec?: { readonly config?: string; readonly file?: string; readonly registry?: string };
  readonly depends_on?: Readonly<Record<string, Dependency>>;
  readonly deploy?: Deploy;
  readonly develop?: Develop;
  readonly device_cgroup_rules?: readonly string[];
  readonly devices?: readonly Device[];
  readonly dns?: readonly string[];
  readonly dns_opt?: readonly string[];
  readonly dns_search?: readonly string[];
  readonly domainname?: string;
  readonly entrypoint: readonly string[] | null;
  /** `env_file`s are read and are part of it. */
  readonly environment: Environment;
  /** Only where it was asked not to read them. */
  readonly env_file?: readonly VariablesFile[];
  readonly expose?: readonly string[];
  readonly external_links?: readonly string[];
  /** A host's name, and its addresses. */
  readonly extra_hosts?: Readonly<Record<string, readonly string[]>>;
  readonly gpus?: readonly DeviceRequest[];
  readonly group_add?: readonly string[];
  readonly healthcheck?: Healthcheck;
  readonly hostname?: string;
  readonly image?: string;
  readonly init?: boolean;
  readonly ipc?: string;
  readonly isolation?: string;
  /** `label_file`s are read and are part of it. */
  readonly labels?: Texts;
  readonly links?: readonly string[];
  readonly logging?: { readonly driver?: string; readonly options?: Texts };
  readonly mac_address?: string;
  readonly mem_limit?: number;
  readonly mem_reservation?: number;
  readonly mem_swappiness?: number;
  /** -1 for as much as there is. */
  readonly memswap_limit?: number;
  readonly models?: Readonly<Record<string, { readonly endpoint_var?: string; readonly model_var?: string }>>;
  readonly network_mode?: string;
  /** Of those that there are in the project. Undefined where `network_mode` says it. */
  readonly networks?: Readonly<Record<string, Endpoint | null>>;
  readonly oom_kill_disable?: boolean;
  readonly oom_score_adj?: number;
  readonly pid?: string;
  readonly pids_limit?: number;
  readonly platform?: string;
  readonly ports?: readonly Port[];
  readonly post_start?: readonly Hook[];
  readonly pre_stop?: readonly Hook[];
  readonly privileged?: boolean;
  readonly profiles?: readonly string[];
  readonly provider?: { readonly type: string; readonly options?: Json };
  readonly pull_policy?: string;
  readonly read_only?: boolean;
  readonly restart?: string;
  readonly runtime?: string;
  readonly scale?: number;
  readonly secrets?: readonly FileUse[];
  readonly security_opt?: readonly string[];
  readonly shm_size?: number;
  readonly stdin_open?: boolean;
  readonly stop_grace_period?: number;
  readonly stop_signal?: string;
  readonly storage_opt?: Texts;
  readonly sysctls?: Texts;
  readonly tmpfs?: readonly string[];
  readonly tty?: boolean;
  readonly ulimits?: Readonly<Record<string, Ulimit>>;
  readonly use_api_socket?: boolean;
  readonly user?: string;
  readonly userns_mode?: string;
  readonly uts?: string;
  readonly volumes?: readonly Mount[];
  readonly volumes_from?: readonly string[];
  readonly working_dir?: string;
  readonly extensions?: Extensions;
}

export interface VariablesFile {
  /** Absolute. */
  readonly path: string;
  readonly required: boolean;
  readonly format?: "compose" | "raw";
}

export interface Build {
  /** A folder, absolute; or a URL. */
  readonly context: string;
  readonly dockerfile?: string;
  readonly dockerfile_inline?: string;
  readonly additional_contexts?: Texts;
  readonly args?: Environment;
  readonly cache_from?: readonly string[];
  readonly cache_to?: readonly string[];
  readonly entitlements?: readonly string[];
  readonly extra_hosts?: Readonly<Record<string, readonly string[]>>;
  readonly isolation?: string;
  readonly labels?: Texts;
  readonly network?: string;
  readonly no_cache?: boolean;
  readonly platforms?: readonly string[];
  readonly privileged?: boolean;
  readonly provenance?: string | boolean;
  readonly pull?: boolean;
  readonly sbom?: string | boolean;
  readonly secrets?: readonly FileUse[];
  readonly shm_size?: number;
  /** By id: a socket's or a key's path; empty for the agent that there is. */
  readonly ssh?: Texts;
  readonly tags?: readonly string[];
  readonly target?: string;
  readonly ulimits?: Readonly<Record<string, Ulimit>>;
  readonly extensions?: Extensions;
}

export interface BlkioConfig {
  readonly weight?: number;
  readonly weight_device?: readonly { readonly path: string; readonly weight: number }[];
  readonly device_read_bps?: readonly Rate[];
  readonly device_read_iops?: readonly Rate[];
  readonly device_write_bps?: readonly Rate[];
  readonly device_write_iops?: readonly Rate[];
}

export interface Rate {
  readonly path: string;
  /** Bytes, or operations, a second. */
  readonly rate: number;
}

export type Condition = "service_started" | "service_healthy" | "service_completed_successfully";

export interface Dependency {
  readonly condition: Condition;
  readonly restart?: boolean;
  readonly required: boolean;
}

export interface Deploy {
  readonly mode?: string;
  readonly replicas?: number;
  readonly endpoint_mode?: string;
  readonly labels?: Texts;
  readonly placement?: Placement;
  readonly resources?: { readonly limits?: Resources; readonly reservations?: Resources };
  readonly restart_policy?: {
    readonly condition?: string;
    readonly delay?: number;
    readonly max_attempts?: number;
    readonly window?: number;
  };
  readonly rollback_config?: UpdateConfig;
  readonly update_config?: UpdateConfig;
  readonly extensions?: Extensions;
}

export interface Placement {
  readonly constraints?: readonly string[];
  readonly preferences?: readonly { readonly spread?: string }[];
  readonly max_replicas_per_node?: number;
}

/** Accepted and not acted on. */
export interface Develop {
  readonly watch?: readonly Watch[];
  readonly extensions?: Extensions;
}

export interface Watch {
  readonly path: string;
  readonly action: string;
  readonly target?: string;
  readonly exec?: Hook;
  readonly ignore?: readonly string[];
  readonly include?: readonly string[];
  readonly initial_sync?: boolean;
}

export interface Resources {
  readonly cpus?: number;
  readonly memory?: number;
  readonly pids?: number;
  readonly devices?: readonly DeviceRequest[];
  readonly generic_resources?: Json;
}

export interface DeviceRequest {
  readonly capabilities?: readonly string[];
  readonly driver?: string;
  /** -1 for all. */
  readonly count?: number;
  readonly device_ids?: readonly string[];
  readonly options?: Texts;
}

export interface UpdateConfig {
  readonly parallelism?: number;
  readonly delay?: number;
  readonly failure_action?: string;
  readonly monitor?: number;
  readonly max_failure_ratio?: number;
  readonly order?: "start-first" | "stop-first";
}

export interface Device {
  readonly source: string;
  readonly target: string;
  readonly permissions: string;
}

export interface Healthcheck {
  readonly disable?: boolean;
  /** `CMD …`, `CMD-SHELL …`, or `NONE`. */
  readonly test?: readonly string[];
  readonly interval?: number;
  readonly timeout?: number;
  readonly retries?: number;
  readonly start_period?: number;
  readonly start_interval?: number;
}

export interface Hook {
  readonly command: readonly string[];
  readonly user?: string;
  readonly privileged?: boolean;
  readonly working_dir?: string;
  readonly environment?: Environment;
}

export interface Endpoint {
  readonly aliases?: readonly string[];
  readonly interface_name?: string;
  readonly ipv4_address?: string;
  readonly ipv6_address?: string;
  readonly link_local_ips?: readonly string[];
  readonly mac_address?: string;
  readonly driver_opts?: Texts;
  readonly priority?: number;
  readonly gw_priority?: number;
}

export interface Port {
  readonly name?: string;
  readonly mode?: string;
  readonly host_ip?: string;
  readonly target: number;
  /** A number, or a range of which one is taken; undefined: any. */
  readonly published?: string;
  readonly protocol: string;
  readonly app_protocol?: string;
}

export interface Ulimit {
  readonly soft: number;
  readonly hard: number;
  /** Written as one number. */
  readonly single: boolean;
}

export type Mount = {
  readonly target: string;
  readonly read_only?: boolean;
  readonly consistency?: string;
} & (
  | { readonly type: "bind"; readonly source: string; readonly bind?: BindOptions }
  /** Without a source: one that has no name. A source is the volume's key in the project. */
  | { readonly type: "volume"; readonly source?: string; readonly volume?: VolumeOptions }
  | { readonly type: "tmpfs"; readonly tmpfs?: { readonly size?: number; readonly mode?: number } }
  | { readonly type: "image"; readonly source: string; readonly image?: { readonly subpath?: string } }
  | { readonly type: "npipe" | "cluster"; readonly source?: string }
);

export interface BindOptions {
  readonly propagation?: string;
  /** Undefined: true (05-services.md, "volumes"). */
  readonly create_host_path?: boolean;
  readonly recursive?: string;
  readonly selinux?: string;
}

export interface VolumeOptions {
  readonly labels?: Texts;
  readonly nocopy?: boolean;
  readonly subpath?: string;
}

/** A secret or a configuration in a service. */
export interface FileUse {
  /** Its key in the project. */
  readonly source: string;
  readonly target?: string;
  readonly uid?: string;
  readonly gid?: string;
  readonly mode?: number;
}

export interface Network {
  /** As the engine knows it: with the project's before it, unless the file says it. */
  readonly name: string;
  readonly external: boolean;
  readonly driver?: string;
  readonly driver_opts?: Texts;
  readonly ipam?: {
    readonly driver?: string;
    readonly config?: readonly {
      readonly subnet?: string;
      readonly ip_range?: string;
      readonly gateway?: string;
      readonly aux_addresses?: Texts;
    }[];
    readonly options?: Texts;
  };
  readonly internal?: boolean;
  readonly attachable?: boolean;
  readonly enable_ipv4?: boolean;
  readonly enable_ipv6?: boolean;
  readonly labels?: Texts;
  readonly extensions?: Extensions;
}

export interface Volume {
  readonly name: string;
  readonly external: boolean;
  readonly driver?: string;
  readonly driver_opts?: Texts;
  readonly labels?: Texts;
  readonly extensions?: Extensions;
}

/** A secret or a configuration. */
export interface FileObject {
  readonly name: string;
  readonly external: boolean;
  /** Absolute. */
  readonly file?: string;
  /** The variable's name. */
  readonly environment?: string;
  readonly content?: string;
  readonly labels?: Texts;
  readonly driver?: string;
  readonly driver_opts?: Texts;
  readonly template_driver?: string;
  readonly extensions?: Extensions;
}

export interface Model {
  readonly name?: string;
  readonly model: string;
  readonly context_size?: number;
  readonly runtime_flags?: readonly string[];
  readonly extensions?: Extensions;
}
