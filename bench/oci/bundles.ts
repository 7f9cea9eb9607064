import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { nativeArchitecture } from "../../src/kernel/seccomp/architecture.ts";
import { defaultSeccomp } from "../../src/kernel/seccomp/default.ts";
import { APPLETS } from "../image.ts";

/** Folders with a config.json, over one root file system. */
export interface Bundles {
  /** Ends at once; nothing that `runc spec` would not have. */
  readonly true: string;
  readonly sleep: string;
  /** Measures what it is to live inside, under Docker's filter of system calls. */
  readonly inside: string;
  readonly rootfs: string;
}

/** Bundles as `runc spec` makes them. */
export function makeBundles(folder: string, busybox: string): Bundles {
  const rootfs = join(folder, "rootfs");
  mkdirSync(join(rootfs, "bin"), { recursive: true });
  for (const name of ["proc", "dev", "sys", "tmp", "work"]) mkdirSync(join(rootfs, name));
  copyFileSync(busybox, join(rootfs, "bin/busybox"));
  for (const name of APPLETS) symlinkSync("busybox", join(rootfs, "bin", name));
  const bundle = (name: string, args: readonly string[], more: object = {}): string => {
    const path = join(folder, `bundle-${name}`);
    mkdirSync(path);
    writeFileSync(join(path, "config.json"), JSON.stringify(specification(rootfs, args, more), null, 2));
    return path;
  };
  return {
    rootfs,
    true: bundle("true", ["/bin/true"]),
    sleep: bundle("sleep", ["/bin/sleep", "3600"]),
    inside: bundle("inside", ["/bin/inside", "/dev/shm", "/work"], { seccomp: dockersFilter() }),
  };
}

const CAPABILITIES = ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"];

const dockersFilter = () =>
  defaultSeccomp({ architecture: nativeArchitecture(), capabilities: CAPABILITIES, kernel: [6, 1] });

const mount = (destination: string, type: string, source: string, ...options: string[]) => ({
  destination,
  type,
  source,
  options,
});

const specification = (rootfs: string, args: readonly string[], more: object) => ({
  ociVersion: "1.0.2",
  process: {
    terminal: false,
    user: { uid: 0, gid: 0 },
    args,
    env: ["PATH=/bin"],
    cwd: "/",
    capabilities: { bounding: CAPABILITIES, effective: CAPABILITIES, permitted: CAPABILITIES },
    rlimits: [{ type: "RLIMIT_NOFILE", hard: 1024, soft: 1024 }],
    noNewPrivileges: true,
  },
  root: { path: rootfs, readonly: !("seccomp" in more) },
  hostname: "bench",
  mounts: [
    mount("/proc", "proc", "proc"),
    mount("/dev", "tmpfs", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k"),
    mount("/dev/pts", "devpts", "devpts", "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"),
    mount("/dev/shm", "tmpfs", "shm", "nosuid", "noexec", "nodev", "mode=1777", "size=65536k"),
    mount("/dev/mqueue", "mqueue", "mqueue", "nosuid", "noexec", "nodev"),
    mount("/sys", "sysfs", "sysfs", "nosuid", "noexec", "nodev", "ro"),
  ],
  linux: {
    cgroupsPath: "/inro-bench",
    resources: { devices: [{ allow: false, access: "rwm" }] },
    namespaces: ["pid", "network", "ipc", "uts", "mount"].map((type) => ({ type })),
    maskedPaths: ["/proc/kcore", "/proc/keys", "/proc/timer_list", "/sys/firmware"],
    readonlyPaths: ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
    ...more,
  },
});
