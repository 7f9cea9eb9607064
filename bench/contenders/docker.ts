import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { toolRoot } from "../../test/support/tools.ts";
import { family } from "../memory.ts";
import { libraryFolders, programInPath } from "../programs.ts";
import { type Engine, end, startDaemon } from "./engine.ts";

/**
 * The environment in which dockerd finds its own programs: those on the system, else the unpacked ones, for which
 * the links are made that Debian's alternatives would make.
 */
function environmentOf(root: string | undefined, folder: string): Record<string, string> {
  const path = process.env["PATH"] ?? "";
  if (root === undefined) return { PATH: path };
  const links = join(folder, "bin");
  mkdirSync(links, { recursive: true });
  for (const name of ["iptables", "ip6tables", "iptables-save", "iptables-restore"])
    symlinkSync(join(root, "usr/sbin/xtables-nft-multi"), join(links, name));
  const libraries = libraryFolders(root);
  return {
    PATH: [links, join(root, "usr/sbin"), join(root, "usr/bin"), path].join(":"),
    LD_LIBRARY_PATH: libraries.join(":"),
    XTABLES_LIBDIR: libraries.map((library) => join(library, "xtables")).find(existsSync) ?? "",
  };
}

/** dockerd with the containerd that it starts itself, and more options; undefined where there is none. */
export async function docker(
  folder: string,
  more: readonly string[] = [],
  name = "docker",
): Promise<Engine | undefined> {
  const system = programInPath("dockerd");
  const root = system === undefined ? toolRoot("dockerd") : undefined;
  const program = system ?? (root === undefined ? undefined : join(root, "usr/sbin/dockerd"));
  const cli = programInPath("docker") ?? (root === undefined ? undefined : join(root, "usr/bin/docker"));
  if (program === undefined || cli === undefined) return undefined;
  mkdirSync(folder);
  const environment = environmentOf(root, folder);
  const configuration = join(folder, "daemon.json");
  writeFileSync(configuration, "{}");
  const socket = join(folder, "docker.sock");
  const options = [
    ...["--data-root", join(folder, "data"), "--exec-root", join(folder, "exec")],
    ...["--pidfile", join(folder, "pid"), "--host", `unix://${socket}`],
    ...["--exec-opt", "native.cgroupdriver=cgroupfs", "--config-file", configuration],
    ...more,
  ];
  const daemon = await startDaemon({
    command: [program, ...options],
    environment,
    socket,
    log: join(folder, "log"),
  });
  return {
    name,
    cli: [cli],
    environment: { DOCKER_HOST: `unix://${socket}` },
    socket,
    enter: ["nsenter", "--target", String(daemon.process.pid), "--net"],
    daemonProcesses: (containers) => family(daemon.process.pid ?? 0, containers),
    stop: () => end(daemon.process),
  };
}

/** Every published port is translated by the kernel, loopback's too, instead of by one process a port. */
export const dockerWithoutProxy = (folder: string): Promise<Engine | undefined> =>
  docker(folder, ["--userland-proxy=false"], "docker, no proxy");
