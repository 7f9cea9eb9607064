import type { MountDetail, MountDetails } from "../../oci/rootfs.ts";
import type { SpecMount } from "../../oci/runtime-spec.ts";
import type { ContainerOptions } from "../options.ts";
import type { SpecInput } from "./spec.ts";

/** A user's mount with its source known. */
export interface ResolvedMount {
  /** As a specification has it: `bind`, or a file system's. */
  readonly type: string;
  readonly source: string;
  readonly target: string;
  readonly options: readonly string[];
  readonly detail: MountDetail;
  /** What asked for it: `-v /srv:/data`. */
  readonly because: string;
}

const DEFAULT_SHM_SIZE = 64 * 1024 * 1024;

/** What every container gets before its own mounts (the list is Docker's). */
function defaultMounts({ options, joined }: SpecInput): DefaultMount[] {
  const writable = options.privileged ? "rw" : "ro";
  const mounts: DefaultMount[] = [
    { destination: "/proc", type: "proc", source: "proc", options: ["nosuid", "noexec", "nodev"] },
    {
      destination: "/dev",
      type: "tmpfs",
      source: "tmpfs",
      options: ["nosuid", "strictatime", "mode=755", "size=65536k"],
    },
    {
      destination: "/dev/pts",
      type: "devpts",
      source: "devpts",
      options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
    },
    { destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "noexec", "nodev", writable] },
    {
      destination: "/sys/fs/cgroup",
      type: "cgroup",
      source: "cgroup",
      options: [writable, "nosuid", "noexec", "nodev"],
    },
  ];
  return mounts.concat(ipcMounts(options, joined.ipc));
}

type DefaultMount = SpecMount & { readonly detail?: MountDetail };

/** An mqueue shows the queues of the IPC namespace that mounts it, the host's too; /dev/shm is a file system. */
function ipcMounts(options: ContainerOptions, joined: number | null): DefaultMount[] {
  const secure = ["nosuid", "noexec", "nodev"];
  const queue = { destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: secure };
  if (options.ipcMode === "none") return [queue];
  const destination = "/dev/shm";
  if (options.ipcMode === "host")
    return [queue, { destination, type: "bind", source: destination, options: ["rbind", ...secure] }];
  // What is in memory is as much the other container's as the namespace.
  if (joined !== null) {
    const shared = { pid: joined, path: destination };
    return [queue, { destination, type: "tmpfs", source: "shm", options: secure, detail: { shared } }];
  }
  const size = options.shmSize ?? DEFAULT_SHM_SIZE;
  return [
    queue,
    { destination, type: "tmpfs", source: "shm", options: [...secure, "mode=1777", `size=${size}`] },
  ];
}

/** Files of the engine's own that a container sees: its name, who is who, and where names are looked up. */
function fileMounts(input: SpecInput): SpecMount[] {
  return (["resolv.conf", "hostname", "hosts"] as const).map((name) => ({
    destination: `/etc/${name}`,
    type: "bind",
    source: `${input.folder}/${name}`,
    options: ["rbind", "rprivate"],
  }));
}

const ENGINES_OWN = { because: "default", detail: {} } as const;

/**
 * All mounts in the order they happen: a parent comes before what lies in it. A user's mount takes the place of a
 * default one with the same destination; with a user's mount of /dev its default children stay (they go on top).
 */
export function specMounts(input: SpecInput): {
  readonly mounts: readonly SpecMount[];
  readonly details: MountDetails;
  readonly because: Map<string, string>;
} {
  const users = input.mounts.map(({ target, ...mount }) => ({ destination: target, ...mount }));
  const taken = new Set(users.map((mount) => mount.destination));
  const files = fileMounts(input).filter((mount) => !taken.has(mount.destination));
  const defaults = defaultMounts(input).filter((mount) => !taken.has(mount.destination));
  const later = [...files.map((mount) => ({ ...mount, ...ENGINES_OWN })), ...users];
  later.sort((a, b) => depth(a.destination) - depth(b.destination));
  const because = new Map<string, string>();
  const details = new Map<number, MountDetail>();
  const mounts: SpecMount[] = [];
  for (const { detail, ...mount } of defaults) {
    if (detail !== undefined) details.set(mounts.length, detail);
    mounts.push(mount);
  }
  for (const { because: reason, detail, ...mount } of later) {
    if (reason !== "default") because.set(`/mounts/${mounts.length}`, reason);
    if (Object.keys(detail).length > 0) details.set(mounts.length, detail);
    mounts.push(mount);
  }
  return { mounts, details, because };
}

function depth(path: string): number {
  return path.split("/").filter((part) => part !== "").length;
}
