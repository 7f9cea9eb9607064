import type { RuntimeSpec, SpecProcess } from "../../../src/oci/runtime-spec.ts";

export const process: SpecProcess = {
  user: { uid: 0, gid: 0, additionalGids: [0] },
  args: ["sh", "-c", "echo hello"],
  env: ["PATH=/usr/bin:/bin", "TERM=xterm"],
  cwd: "/",
  capabilities: {
    bounding: ["CAP_CHOWN", "CAP_KILL"],
    effective: ["CAP_CHOWN", "CAP_KILL"],
    permitted: ["CAP_CHOWN", "CAP_KILL"],
    inheritable: [],
    ambient: [],
  },
  rlimits: [{ type: "RLIMIT_NOFILE", soft: 1024, hard: 4096 }],
};

/** What an engine asks for when a user asks for nothing in particular. */
export const typical: RuntimeSpec = {
  ociVersion: "1.3.0",
  root: { path: "rootfs" },
  hostname: "typical",
  process,
  mounts: [
    { destination: "/proc", type: "proc", source: "proc", options: ["nosuid", "noexec", "nodev"] },
    { destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["nosuid", "strictatime", "mode=755"] },
    {
      destination: "/dev/pts",
      type: "devpts",
      source: "devpts",
      options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"],
    },
    { destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "noexec", "nodev", "ro"] },
    { destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: ["ro", "nosuid"] },
    { destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: ["nosuid", "noexec", "nodev"] },
    { destination: "/dev/shm", type: "tmpfs", source: "shm", options: ["nosuid", "mode=1777", "size=64m"] },
  ],
  linux: {
    namespaces: [
      { type: "pid" },
      { type: "mount" },
      { type: "network" },
      { type: "ipc" },
      { type: "uts" },
      { type: "cgroup" },
    ],
    resources: { memory: { limit: 67_108_864 }, pids: { limit: 64 } },
    sysctl: { "net.ipv4.ip_unprivileged_port_start": "0" },
    maskedPaths: ["/proc/kcore", "/sys/firmware"],
    readonlyPaths: ["/proc/sys"],
  },
};
