import { spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { toolRoot } from "../../test/support/tools.ts";
import { APPLETS } from "../image.ts";
import { libraryFolders, programInPath } from "../programs.ts";
import { end, until } from "./engine.ts";

/** An OCI runtime's command line. */
export interface OciRuntime {
  readonly name: string;
  readonly program: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Whether it refuses a host with cgroup v1 and v2 side by side. */
  readonly oneCgroupVersion: boolean;
}

export function ociRuntimes(): OciRuntime[] {
  const inro = join(import.meta.dir, "../../build/inro-runtime");
  const peers = (["runc", "crun"] as const).flatMap((name): OciRuntime[] => {
    const system = programInPath(name);
    const root = toolRoot(name);
    const oneCgroupVersion = name === "crun";
    if (system !== undefined) return [{ name, program: system, environment: {}, oneCgroupVersion }];
    if (root === undefined) return [];
    const program = ["usr/sbin", "usr/bin"].map((folder) => join(root, folder, name)).find(existsSync);
    if (program === undefined) return [];
    const path = libraryFolders(root).join(":");
    return [{ name, program, environment: path === "" ? {} : { LD_LIBRARY_PATH: path }, oneCgroupVersion }];
  });
  return [{ name: "inro", program: inro, environment: {}, oneCgroupVersion: false }, ...peers];
}

/** A mount namespace in which runtimes are started; all are, so that entering it costs each of them the same. */
export async function mountNamespace(folder: string, hideV2: boolean) {
  const ready = join(folder, `ready-${hideV2}`);
  const unified = "/sys/fs/cgroup/unified";
  const hide = hideV2 ? `if [ -d ${unified} ]; then mount -t tmpfs none ${unified}; fi; ` : "";
  const holder = spawn("unshare", ["--mount", "sh", "-c", `${hide}: > ${ready}; exec sleep infinity`], {
    stdio: "ignore",
  });
  await until("a mount namespace", () => existsSync(ready));
  return { enter: ["nsenter", "--target", String(holder.pid), "--mount"], close: () => end(holder) };
}

/** A bundle like `runc spec` makes, that runs `true` from busybox. */
export function makeBundle(folder: string, busybox: string): string {
  const bundle = join(folder, "bundle");
  mkdirSync(join(bundle, "rootfs/bin"), { recursive: true });
  for (const name of ["proc", "dev", "sys", "tmp"]) mkdirSync(join(bundle, "rootfs", name));
  copyFileSync(busybox, join(bundle, "rootfs/bin/busybox"));
  for (const name of APPLETS) symlinkSync("busybox", join(bundle, "rootfs/bin", name));
  writeFileSync(join(bundle, "config.json"), JSON.stringify(specification, null, 2));
  return bundle;
}

const capabilities = ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"];

const mount = (destination: string, type: string, source: string, ...options: string[]) => ({
  destination,
  type,
  source,
  options,
});

const specification = {
  ociVersion: "1.0.2",
  process: {
    terminal: false,
    user: { uid: 0, gid: 0 },
    args: ["/bin/true"],
    env: ["PATH=/bin"],
    cwd: "/",
    capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
    rlimits: [{ type: "RLIMIT_NOFILE", hard: 1024, soft: 1024 }],
    noNewPrivileges: true,
  },
  root: { path: "rootfs", readonly: true },
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
  },
};
