import { spawn } from "node:child_process";
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tool, toolRoot } from "../../test/support/tools.ts";
import { libraryFolders } from "../programs.ts";
import { type Engine, end, until } from "./engine.ts";

/** What podman starts containers with. */
export interface PodmanRuntime {
  readonly name: string;
  readonly program: string;
  /** Whether it refuses a host with cgroup v1 and v2 side by side. */
  readonly oneCgroupVersion: boolean;
}

function crunRuntime(): PodmanRuntime | undefined {
  const program = tool("crun");
  return program === undefined ? undefined : { name: "crun", program, oneCgroupVersion: true };
}

/**
 * podman with a runtime, in mount, network namespaces of its own. Debian's crun 1.8 refuses a host with cgroup v1 and v2
 * side by side, so v2 is covered there; and podman starts itself again without its environment, so libraries that
 * were unpacked for it are laid over the system's instead of being named in LD_LIBRARY_PATH.
 */
export async function podman(
  folder: string,
  runtime: PodmanRuntime | undefined = crunRuntime(),
): Promise<Engine | undefined> {
  const root = toolRoot("podman");
  if (root === undefined || runtime === undefined) return undefined;
  mkdirSync(join(folder, "bin"), { recursive: true });
  for (const name of ["iptables", "ip6tables", "iptables-save", "iptables-restore"])
    symlinkSync(join(root, "usr/sbin/xtables-nft-multi"), join(folder, "bin", name));
  mkdirSync(join(folder, ".config/containers"), { recursive: true });
  const policy = { default: [{ type: "insecureAcceptAnything" }] };
  writeFileSync(join(folder, ".config/containers/policy.json"), JSON.stringify(policy));
  mkdirSync(join(folder, "etc/containers"), { recursive: true });
  mkdirSync(join(folder, "etc-work"));
  writeFileSync(join(folder, "etc/containers/policy.json"), JSON.stringify(policy));
  writeFileSync(join(folder, "containers.conf"), configuration(root, runtime));
  const holder = spawn("unshare", ["--net", "--mount", "sh", "-c", namespaceScript(root, folder, runtime)], {
    stdio: "ignore",
  });
  await until("podman's namespaces", () => existsSync(join(folder, "ready")));
  const [libraries = ""] = libraryFolders(root);
  const environment = {
    PATH: [
      join(folder, "bin"),
      join(root, "usr/sbin"),
      join(root, "usr/bin"),
      process.env["PATH"] ?? "",
    ].join(":"),
    XTABLES_LIBDIR: join(libraries, "xtables"),
    HOME: folder,
    CONTAINERS_CONF: join(folder, "containers.conf"),
  };
  const places = ["root", "runroot", "tmpdir", "network-config-dir"];
  const enter = ["nsenter", "--target", String(holder.pid), "--net", "--mount"];
  return {
    name: "podman",
    enter,
    cli: [
      ...[...enter, join(root, "usr/bin/podman")],
      ...places.flatMap((place) => [`--${place}`, join(folder, place)]),
    ],
    environment,
    socket: undefined,
    daemonProcesses: () => [],
    stop: () => end(holder),
  };
}

function namespaceScript(root: string, folder: string, { oneCgroupVersion }: PodmanRuntime): string {
  const [own = ""] = libraryFolders(root);
  const system = own.slice(root.length);
  const unified = "/sys/fs/cgroup/unified";
  return [
    "set -e; ip link set lo up",
    ...(oneCgroupVersion ? [`if [ -d ${unified} ]; then mount -t tmpfs none ${unified}; fi`] : []),
    `mount -t overlay overlay -o lowerdir=${system}:${own} ${system}`,
    // `podman commit` looks for its policy here alone.
    `mount -t overlay overlay -o lowerdir=/etc,upperdir=${join(folder, "etc")},workdir=${join(folder, "etc-work")} /etc`,
    `: > ${join(folder, "ready")}`,
    "exec sleep infinity",
  ].join("; ");
}

const configuration = (root: string, { name, program }: PodmanRuntime) => `[containers]
default_ulimits=["nofile=20000:20000","nproc=32768:32768"]
[engine]
cgroup_manager="cgroupfs"
events_logger="file"
runtime="${name}"
conmon_path=["${join(root, "usr/bin/conmon")}"]
helper_binaries_dir=["${join(root, "usr/lib/podman")}"]
[engine.runtimes]
${name}=["${program}"]
[network]
network_backend="netavark"
`;
