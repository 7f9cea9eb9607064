import type { MountDetails } from "../../oci/rootfs.ts";
import type {
  RuntimeSpec,
  SpecDevice,
  SpecDeviceRule,
  SpecNamespace,
  SpecSeccomp,
} from "../../oci/runtime-spec.ts";
import { applyCdi, type NamedEdits, withCdiMounts } from "../cdi/apply.ts";
import type { ContainerOptions } from "../options.ts";
import { chooseCapabilities } from "./capabilities.ts";
import { environment } from "./environment.ts";
import { type ResolvedMount, specMounts } from "./mounts.ts";
import { reasons } from "./reasons.ts";
import { type LimitFacts, specResources } from "./resources.ts";
import { type HeldLimits, specRlimits } from "./rlimits.ts";
import type { Identity } from "./user.ts";

/** What a spec is made of: wishes, the image's part merged in, and what is known of this host. */
export interface SpecInput {
  readonly id: string;
  readonly options: ContainerOptions;
  readonly arguments: readonly string[];
  readonly identity: Identity;
  readonly hostname: string;
  /** The container's own folder, where hosts, hostname and resolv.conf lie. */
  readonly folder: string;
  /** The root as the specification wants it said; the engine's roots are overlays that the plan mounts. */
  readonly rootPath: string;
  readonly mounts: readonly ResolvedMount[];
  /** Of devices that others describe. */
  readonly cdi: readonly NamedEdits[];
  readonly devices: readonly { readonly node: SpecDevice; readonly rule: SpecDeviceRule }[];
  readonly seccomp: SpecSeccomp | null;
  readonly cgroupsPath: string;
  /** Processes whose namespaces are joined. */
  readonly joined: Joined;
  readonly host: HostFacts;
}

/** Of other containers; null: that namespace is its own, or the host's. */
export interface Joined {
  readonly network: number | null;
  readonly pid: number | null;
  readonly ipc: number | null;
}

/** Privileges and limits that the engine itself stands under. */
export interface HostFacts extends LimitFacts {
  readonly capabilities: readonly string[];
  readonly rlimits: HeldLimits;
}

/** The list is Docker's (moby, oci/defaults.go). */
export const MASKED_PATHS: readonly string[] = [
  "/proc/acpi",
  "/proc/asound",
  "/proc/interrupts",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/sched_debug",
  "/proc/scsi",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/sys/devices/virtual/powercap",
  "/sys/firmware",
];

export const READONLY_PATHS: readonly string[] = [
  "/proc/bus",
  "/proc/fs",
  "/proc/irq",
  "/proc/sys",
  "/proc/sysrq-trigger",
];

/** Options and facts in, an OCI runtime specification out; nothing is looked at or changed. */
export function buildSpec(input: SpecInput): {
  readonly spec: RuntimeSpec;
  readonly mountDetails: MountDetails;
  /** Turns a pointer into the spec into the flag that asked for it. */
  readonly becauseOf: (pointer: string) => string;
} {
  const { options } = input;
  const withDevices = { ...input, mounts: withCdiMounts(input.mounts, input.cdi) };
  const { mounts, details: mountDetails, because } = specMounts(withDevices);
  const plain: RuntimeSpec = {
    ociVersion: "1.3.0",
    root: { path: input.rootPath, readonly: options.readOnly },
    ...(options.utsMode === "private" && { hostname: input.hostname }),
    ...(options.utsMode === "private" && options.domainname !== null && { domainname: options.domainname }),
    process: specProcess(input),
    mounts,
    annotations: options.annotations,
    linux: specLinux(input),
  };
  const spec = applyCdi(plain, input.cdi, because);
  return { spec, mountDetails, becauseOf: reasons(options, because) };
}

function specProcess(input: SpecInput): NonNullable<RuntimeSpec["process"]> {
  const { options, identity, host } = input;
  const size = options.consoleSize;
  return {
    terminal: options.tty,
    ...(size !== null && options.tty && { consoleSize: { height: size.rows, width: size.columns } }),
    user: { uid: identity.uid, gid: identity.gid, additionalGids: identity.groups },
    args: input.arguments,
    env: environment({ hostname: input.hostname, home: identity.home, tty: options.tty, env: options.env }),
    cwd: options.workingDirectory ?? "/",
    capabilities: specCapabilities(options, identity.uid, host.capabilities),
    rlimits: specRlimits(options.ulimits, host.rlimits, host.capabilities.includes("SYS_RESOURCE")),
    noNewPrivileges: options.security.noNewPrivileges,
    ...(options.oomScoreAdj !== null && { oomScoreAdj: options.oomScoreAdj }),
  };
}

/**
 * capabilities(7): a user other than root has none effective after execve, so none are asked for. The inheritable
 * and ambient sets are empty (R18).
 */
export function specCapabilities(
  options: Pick<ContainerOptions, "capAdd" | "capDrop" | "privileged">,
  uid: number,
  held: readonly string[],
) {
  const chosen = chooseCapabilities({
    add: options.capAdd,
    drop: options.capDrop,
    privileged: options.privileged,
    held,
  });
  const names = chosen.map((name) => `CAP_${name}`);
  return {
    bounding: names,
    effective: uid === 0 ? names : [],
    permitted: uid === 0 ? names : [],
    inheritable: [],
    ambient: [],
  };
}

function specLinux(input: SpecInput): NonNullable<RuntimeSpec["linux"]> {
  const { options } = input;
  const open = options.privileged || options.security.systemPaths === "unconfined";
  const devices = input.devices.map((device) => device.node);
  const rules = input.devices.map((device) => device.rule);
  return {
    sysctl: { ...defaultSysctls(options), ...options.sysctls },
    resources: specResources(options, input.host, rules),
    cgroupsPath: input.cgroupsPath,
    namespaces: namespaces(options, input.joined),
    ...(devices.length > 0 && { devices }),
    ...(input.seccomp !== null && { seccomp: input.seccomp }),
    maskedPaths: options.maskedPaths ?? (open ? [] : MASKED_PATHS),
    readonlyPaths: options.readonlyPaths ?? (open ? [] : READONLY_PATHS),
  };
}

/** As Docker: in a network of its own a container may ping and serve low ports without privilege. */
function defaultSysctls(options: ContainerOptions): Record<string, string> {
  if (options.network.kind === "host" || options.network.kind === "container") return {};
  return { "net.ipv4.ip_unprivileged_port_start": "0", "net.ipv4.ping_group_range": "0 2147483647" };
}

function namespaces(options: ContainerOptions, joined: Joined): SpecNamespace[] {
  const of = (type: keyof Joined): SpecNamespace =>
    joined[type] === null ? { type } : { type, path: `/proc/${joined[type]}/ns/${linkOf[type]}` };
  return [
    { type: "mount" },
    ...(options.utsMode === "private" ? [{ type: "uts" } as const] : []),
    ...(options.pidMode !== "host" ? [of("pid")] : []),
    ...(options.ipcMode !== "host" ? [of("ipc")] : []),
    ...(options.network.kind !== "host" ? [of("network")] : []),
    ...(options.cgroupNamespace === "private" ? [{ type: "cgroup" } as const] : []),
  ];
}

// namespaces(7), "The /proc/pid/ns/ directory".
const linkOf = { network: "net", pid: "pid", ipc: "ipc" } as const;
