/** The bundle that tests start from, and how they ask for another. */
import { copyFileSync, linkSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { RuntimeSpec, SpecMount } from "../../../src/oci/runtime-spec.ts";
import { toolRoot } from "../../support/tools.ts";

export const busybox = join(toolRoot("busybox") ?? "/nonexistent", "bin/busybox");

/** Any JSON: much of what a test asks for is wrong on purpose. `undefined` takes a property away. */
export type Json = string | number | boolean | null | readonly Json[] | Patch;
export interface Patch {
  readonly [name: string]: Json | undefined;
}

const FOLDERS = ["bin", "proc", "sys", "dev", "etc", "tmp", "root", "mnt"];
const APPLETS =
  "sh true false cat ls id mount umount ps sleep head tail grep echo env hostname dnsdomainname tty stat dd readlink yes kill touch mkdir rmdir wc stty test ln rm cp mv mknod seq cut sort tr od hexdump chmod chown nice renice uname chrt ionice taskset awk sed df du printf expr umask mkfifo ip nproc date find truncate usleep xargs timeout sysctl chroot ipcs setpriv realpath unshare nc basename id".split(
    " ",
  );

/** A root file system with busybox, in which nobody else's files are. */
export function makeRootfs(rootfs: string): void {
  for (const name of FOLDERS) mkdirSync(join(rootfs, name), { recursive: true, mode: 0o755 });
  copyFileSync(busybox, join(rootfs, "bin/busybox"));
  for (const applet of new Set(APPLETS)) linkSync(join(rootfs, "bin/busybox"), join(rootfs, "bin", applet));
}

/** Not one of `mounts` in config.md is there by itself; these are what programs expect. */
export const mounts: readonly SpecMount[] = [
  { destination: "/proc", type: "proc", source: "proc", options: ["nosuid", "noexec", "nodev"] },
  { destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["nosuid", "strictatime", "mode=755"] },
  {
    destination: "/dev/pts",
    type: "devpts",
    source: "devpts",
    options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"],
  },
  { destination: "/dev/shm", type: "tmpfs", source: "shm", options: ["nosuid", "mode=1777", "size=8m"] },
  { destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "noexec", "nodev", "ro"] },
];

export const namespaces = ["pid", "mount", "ipc", "uts"].map((type) => ({ type }));

/** A plain container: no network of its own (it would cost more than all the rest), no limits, few capabilities. */
export function plainSpec(cgroupsPath: string): RuntimeSpec {
  const few = ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"];
  return {
    ociVersion: "1.3.0",
    root: { path: "rootfs" },
    process: {
      user: { uid: 0, gid: 0 },
      args: ["sleep", "1000"],
      env: ["PATH=/bin", "HOME=/root"],
      cwd: "/",
      capabilities: { bounding: few, effective: few, permitted: few },
    },
    mounts,
    linux: { namespaces: namespaces as { type: "pid" }[], cgroupsPath },
  };
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Maps are merged, everything else (lists too) is taken as it is. */
export function patched(value: unknown, patch: unknown): unknown {
  if (!isMap(patch)) return patch;
  const result: Record<string, unknown> = isMap(value) ? { ...value } : {};
  for (const [name, change] of Object.entries(patch)) {
    if (change === undefined) delete result[name];
    else result[name] = patched(result[name], change);
  }
  return result;
}

/** The plain container's mounts, and these after them. */
export const mounted = (...more: readonly Patch[]): Patch => ({
  mounts: [...(mounts as unknown as Patch[]), ...more],
});

/** The plain container's namespaces, and these besides. */
export const withNamespaces = (...more: readonly Patch[]): Patch => ({
  linux: { namespaces: [...namespaces, ...more] },
});

const MAPPING = [{ containerID: 0, hostID: 100_000, size: 65_536 }];

/** A user namespace whose root is nobody on the host; sysfs belongs to whom the network does. */
export const inUserNamespace: Patch = {
  linux: {
    namespaces: [...namespaces, { type: "network" }, { type: "user" }],
    uidMappings: MAPPING,
    gidMappings: MAPPING,
  },
};

/** Exactly these capabilities, in every set that makes them effective. */
export const holding = (...names: readonly string[]): Patch => ({
  process: {
    capabilities: { bounding: names, effective: names, permitted: names, inheritable: [], ambient: [] },
  },
});
