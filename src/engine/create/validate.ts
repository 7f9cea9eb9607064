import { existsSync, readFileSync } from "node:fs";
import { isAbsolute, normalize } from "node:path";
import { parseNumberList } from "../../kernel/number-list.ts";
import { signalNumber } from "../../kernel/signals.ts";
import { InroError } from "../../oci/error.ts";
import type { ContainerOptions, MountOption, Resources } from "../options.ts";
import { blockIoOf } from "../spec/block-io.ts";
import { parseCapability } from "../spec/capabilities.ts";
import { parseDeviceRule } from "../spec/resources.ts";
import { specRlimits } from "../spec/rlimits.ts";
import type { HostFacts } from "../spec/spec.ts";

/** Docker's floor: less than this and not even the runtime's own start fits. */
const LEAST_MEMORY = 6 * 1024 * 1024;

/**
 * Everything that can be known to be wrong before anything is made. INVALID_OPTION. Answers the options with paths
 * and capability names in their one spelling.
 */
export function validate(options: ContainerOptions, host: HostFacts & { cpus: number }): ContainerOptions {
  checkLimits(options.resources, host.cpus);
  blockIoOf(options.resources, host.findDisk);
  if (options.stopSignal !== null) signalNumber(options.stopSignal);
  for (const rule of options.resources.deviceCgroupRules) parseDeviceRule(rule);
  specRlimits(options.ulimits, host.rlimits, host.capabilities.includes("SYS_RESOURCE"));
  checkHostname(options.hostname);
  checkNamespaces(options);
  if (options.autoRemove && options.restart.name !== "no")
    throw invalid(
      "--rm",
      "cannot both remove and restart a container at its end",
      "--rm and --restart exclude each other",
    );
  if (options.workingDirectory !== null && !isAbsolute(options.workingDirectory))
    throw invalid("--workdir", `cannot work in "${options.workingDirectory}"`, "it is not an absolute path");
  return {
    ...options,
    capAdd: options.capAdd.map((name) => parseCapability(name, "--cap-add")),
    capDrop: options.capDrop.map((name) => parseCapability(name, "--cap-drop")),
    mounts: uniqueTargets(options.mounts.map(checkMount)),
  };
}

/** INVALID_OPTION. */
export function checkLimits(resources: Resources, cpus: number): void {
  checkMemory(resources);
  checkCpus(resources, cpus);
}

function checkMemory({ memory, memorySwap, memoryReservation }: Resources): void {
  if (memory < 0 || (memory > 0 && memory < LEAST_MEMORY))
    throw invalid("--memory", `cannot limit the memory to ${memory} bytes`, "the least is 6 MiB");
  if (memorySwap > 0 && memorySwap < memory)
    throw invalid(
      "--memory-swap",
      `cannot limit memory and swap to ${memorySwap} bytes`,
      "that is less than the memory alone",
    );
  if (memorySwap > 0 && memory === 0)
    throw invalid("--memory-swap", "cannot limit memory and swap", "the memory itself is not limited");
  if (memoryReservation > 0 && memory > 0 && memoryReservation > memory)
    throw invalid(
      "--memory-reservation",
      `cannot reserve ${memoryReservation} bytes`,
      "that is more than the limit",
    );
}

function checkCpus(resources: Resources, cpus: number): void {
  const { nanoCpus, cpuQuota, cpuPeriod, cpusetCpus, cpusetMems } = resources;
  // A quota of less than 1 ms in the period of 100 ms is refused by the kernel.
  if (nanoCpus < 0 || nanoCpus > cpus * 1e9 || (nanoCpus > 0 && nanoCpus < 1e7))
    throw invalid("--cpus", `cannot give ${nanoCpus / 1e9} CPUs`, `this host has 0.01 to ${cpus}`);
  if (nanoCpus > 0 && (cpuQuota > 0 || cpuPeriod > 0))
    throw invalid(
      "--cpus",
      "cannot limit the CPUs",
      "--cpus and --cpu-period or --cpu-quota exclude each other",
    );
  if (cpuQuota > 0 && cpuQuota < 1000)
    throw invalid("--cpu-quota", `cannot set a quota of ${cpuQuota} µs`, "the least is 1000");
  if (cpuPeriod !== 0 && (cpuPeriod < 1000 || cpuPeriod > 1_000_000))
    throw invalid("--cpu-period", `cannot set a period of ${cpuPeriod} µs`, "it has to be 1000 to 1000000");
  for (const [at, text] of [
    ["--cpuset-cpus", cpusetCpus],
    ["--cpuset-mems", cpusetMems],
  ] as const)
    if (text !== "" && !/^[0-9]+(-[0-9]+)?(,[0-9]+(-[0-9]+)?)*$/.test(text))
      throw invalid(at, `cannot understand "${text}"`, "write a list as 0-3,5");
  checkThere("--cpuset-cpus", cpusetCpus, "CPUs", "/sys/devices/system/cpu/online");
  checkThere("--cpuset-mems", cpusetMems, "memory nodes", "/sys/devices/system/node/online");
}

/** dockerd's words. A kernel without memory nodes has no such file, and node 0. */
function checkThere(at: string, asked: string, things: string, file: string): void {
  if (asked === "") return;
  const online = existsSync(file) ? readFileSync(file, "utf8").trim() : "0";
  const there = parseNumberList(online) ?? [];
  const wanted = parseNumberList(asked);
  if (wanted?.every((byte, index) => (byte & ~(there[index] ?? 0)) === 0)) return;
  const why = `Requested ${things} are not available - requested ${asked}, available: ${online}`;
  throw invalid(at, `cannot use the ${things} ${asked}`, why);
}

function checkHostname(hostname: string | null): void {
  // sethostname(2): at most 64 bytes.
  if (hostname !== null && (Buffer.byteLength(hostname) > 64 || hostname.includes("\0")))
    throw invalid("--hostname", `cannot use the host name "${hostname}"`, "it is longer than 64 bytes");
}

function checkNamespaces(options: ContainerOptions): void {
  // dockerd's words: who has the host's name could change it.
  if (options.utsMode === "host" && options.hostname !== null)
    throw invalid("--uts", "cannot share the host's name", "conflicting options: hostname and the UTS mode");
  checkSharedNetwork(options);
  for (const name of Object.keys(options.sysctls)) checkSysctl(name, options);
}

/** What belongs to the network that is shared is its owner's to say. dockerd's words. */
function checkSharedNetwork(options: ContainerOptions): void {
  if (options.network.kind !== "container") return;
  const conflicts = [
    [
      options.ports.length > 0 || options.publishAllPorts,
      "--publish",
      "port publishing and the container type",
    ],
    [options.hostname !== null, "--hostname", "hostname and the"],
    [options.dns.length > 0, "--dns", "dns and the"],
    [options.extraHosts.length > 0, "--add-host", "custom host-to-IP mapping and the"],
    [options.endpoints.some(({ mac }) => mac !== null), "--mac-address", "mac-address and the"],
  ] as const;
  for (const [isAsked, at, name] of conflicts)
    if (isAsked)
      throw invalid(
        at,
        "cannot share the network of another container",
        `conflicting options: ${name} network mode`,
      );
}

/** Docker's rule: only what belongs to a namespace of the container's own can be set in it. */
function checkSysctl(name: string, options: ContainerOptions): void {
  const ipc = [
    "kernel.msgmax",
    "kernel.msgmnb",
    "kernel.msgmni",
    "kernel.sem",
    "kernel.shmall",
    "kernel.shmmax",
  ];
  const isIpc =
    ipc.includes(name) ||
    name === "kernel.shmmni" ||
    name === "kernel.shm_rmid_forced" ||
    name.startsWith("fs.mqueue.");
  if (isIpc && typeof options.ipcMode === "string" && options.ipcMode !== "host") return;
  if (name.startsWith("net.") && options.network.kind !== "host" && options.network.kind !== "container")
    return;
  throw invalid(
    "--sysctl",
    `cannot set the sysctl "${name}"`,
    "it does not belong to a namespace of the container's own",
  );
}

/** A container path is absolute, of one spelling, and not the root itself (R9). */
function checkMount(mount: MountOption): MountOption {
  const target = normalize(mount.target).replace(/(.)\/+$/, "$1");
  if (!isAbsolute(mount.target) || mount.target.includes("\0"))
    throw invalid("--mount", `cannot mount at "${mount.target}"`, "the container's path is not absolute");
  if ((mount.type === "volume" || mount.type === "image") && mount.subpath !== null)
    checkSubpath(mount.subpath);
  if (target === "/") throw invalid("--mount", "cannot mount at /", "the root is the image's");
  return { ...mount, target };
}

function checkSubpath(subpath: string): void {
  const isInside = !isAbsolute(subpath) && !subpath.split("/").includes("..") && !subpath.includes("\0");
  if (isInside && subpath !== "") return;
  throw invalid(
    "--mount",
    `cannot mount the part "${subpath}"`,
    "subpath must be a relative path within the volume or image, without ..",
  );
}

function uniqueTargets(mounts: readonly MountOption[]): readonly MountOption[] {
  const seen = new Set<string>();
  for (const mount of mounts) {
    if (seen.has(mount.target))
      throw invalid(
        "--mount",
        `cannot mount at "${mount.target}"`,
        "Duplicate mount point: something else is mounted there",
      );
    seen.add(mount.target);
  }
  return mounts;
}

function invalid(at: string, what: string, why: string): InroError {
  return new InroError("INVALID_OPTION", { what, why, at });
}
