import { existsSync, writeFileSync } from "node:fs";
import { InroError } from "../../oci/error.ts";
import type { RuntimeSpec, SpecMount } from "../../oci/runtime-spec.ts";
import type { Invocation } from "./commands.ts";
import { OCI_VERSION } from "./main.ts";

/** Writes a config.json to begin with, as runc's callers expect it: a shell in a terminal. */
export function specCommand({ values, flags, caller }: Invocation): number {
  const path = caller.path(`${values.get("bundle") ?? "."}/config.json`);
  const spec = flags.has("rootless") ? rootless(STARTER) : STARTER;
  try {
    writeFileSync(path, `${JSON.stringify(spec, undefined, "\t")}\n`, { flag: "wx", mode: 0o666 });
  } catch (cause) {
    throw new InroError("BUNDLE_INVALID", {
      what: `cannot write "${path}"`,
      why: existsSync(path) ? "it exists already" : (cause as Error).message,
      ...(existsSync(path) ? { hint: "remove it first" } : {}),
      at: "--bundle",
      cause,
    });
  }
  return 0;
}

const CAPABILITIES = ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"];

const mount = (destination: string, type: string, source: string, ...options: string[]): SpecMount => ({
  destination,
  type,
  source,
  ...(options.length === 0 ? {} : { options }),
});

const UNTRUSTED = ["nosuid", "noexec", "nodev"];

const STARTER: RuntimeSpec = {
  ociVersion: OCI_VERSION,
  process: {
    terminal: true,
    user: { uid: 0, gid: 0 },
    args: ["sh"],
    env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"],
    cwd: "/",
    capabilities: { bounding: CAPABILITIES, effective: CAPABILITIES, permitted: CAPABILITIES },
    rlimits: [{ type: "RLIMIT_NOFILE", hard: 1024, soft: 1024 }],
    noNewPrivileges: true,
  },
  root: { path: "rootfs", readonly: true },
  hostname: "inro",
  mounts: [
    mount("/proc", "proc", "proc"),
    mount("/dev", "tmpfs", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k"),
    mount(
      ...(["/dev/pts", "devpts", "devpts"] as const),
      ...["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
    ),
    mount("/dev/shm", "tmpfs", "shm", ...UNTRUSTED, "mode=1777", "size=65536k"),
    mount("/dev/mqueue", "mqueue", "mqueue", ...UNTRUSTED),
    mount("/sys", "sysfs", "sysfs", ...UNTRUSTED, "ro"),
    mount("/sys/fs/cgroup", "cgroup", "cgroup", ...UNTRUSTED, "relatime", "ro"),
  ],
  linux: {
    resources: { devices: [{ allow: false, access: "rwm" }] },
    namespaces: (["pid", "network", "ipc", "uts", "mount", "cgroup"] as const).map((type) => ({ type })),
    maskedPaths: [
      ...["/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats"],
      ...["/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/sys/firmware", "/proc/scsi"],
    ],
    readonlyPaths: ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
  },
};

/**
 * What an unprivileged user may have: a user namespace with one id, the host's network and hence its sysfs, no cgroup
 * limits, no group of terminals.
 */
function rootless(spec: RuntimeSpec): RuntimeSpec {
  const { resources: _, namespaces = [], ...linux } = spec.linux ?? {};
  const one = (hostID: number) => [{ containerID: 0, hostID, size: 1 }];
  return {
    ...spec,
    mounts: (spec.mounts ?? []).map(rootlessMount),
    linux: {
      uidMappings: one(process.geteuid?.() ?? 0),
      gidMappings: one(process.getegid?.() ?? 0),
      namespaces: [...namespaces.filter(({ type }) => type !== "network"), { type: "user" }],
      ...linux,
    },
  };
}

function rootlessMount(one: SpecMount): SpecMount {
  if (one.type === "sysfs") return mount(one.destination, "none", "/sys", "rbind", ...UNTRUSTED, "ro");
  const options = one.options?.filter((option) => !/^[ug]id=/.test(option));
  return { ...one, ...(options === undefined ? {} : { options }) };
}
