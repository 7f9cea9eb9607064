import type { ContainerOptions, Resources } from "../options.ts";
import { BLKIO_LIMITS, blkioLimits } from "./block-io.ts";

/**
 * Why each part of a spec is there, in the words of the command line: the longest pointer that is a prefix decides,
 * and what nobody asked for is `default`.
 */
export function reasons(
  options: ContainerOptions,
  mounts: ReadonlyMap<string, string>,
): (pointer: string) => string {
  const table = new Map([...optionReasons(options), ...mounts]);
  return (pointer) => {
    for (let at = pointer; at !== ""; at = at.slice(0, at.lastIndexOf("/"))) {
      const reason = table.get(at);
      if (reason !== undefined) return reason;
    }
    return "default";
  };
}

function optionReasons(options: ContainerOptions): [string, string][] {
  const { resources, security } = options;
  const rows: [boolean, string, string][] = [
    [options.readOnly, "/root/readonly", "--read-only"],
    [options.hostname !== null, "/hostname", `--hostname ${options.hostname}`],
    [options.domainname !== null, "/domainname", `--domainname ${options.domainname}`],
    [options.tty, "/process/terminal", "-t"],
    [options.user !== null && options.user !== "", "/process/user", `user ${options.user}`],
    [options.workingDirectory !== null, "/process/cwd", `working directory ${options.workingDirectory}`],
    [
      options.ulimits.length > 0,
      "/process/rlimits",
      options.ulimits.map((u) => `--ulimit ${u.name}`).join(" "),
    ],
    [security.noNewPrivileges, "/process/noNewPrivileges", "--security-opt no-new-privileges"],
    [options.oomScoreAdj !== null, "/process/oomScoreAdj", `--oom-score-adj ${options.oomScoreAdj}`],
    [capabilitiesChanged(options), "/process/capabilities", capabilityFlags(options)],
    [resources.memory > 0, "/linux/resources/memory", `-m ${bytes(resources.memory)}`],
    [
      resources.memoryReservation > 0,
      "/linux/resources/memory/reservation",
      `--memory-reservation ${bytes(resources.memoryReservation)}`,
    ],
    [
      resources.memorySwap > 0,
      "/linux/resources/memory/swap",
      `--memory-swap ${bytes(resources.memorySwap)}`,
    ],
    [resources.cpuQuota > 0, "/linux/resources/cpu/quota", `--cpu-quota ${resources.cpuQuota}`],
    [resources.cpuPeriod > 0, "/linux/resources/cpu/period", `--cpu-period ${resources.cpuPeriod}`],
    [resources.cpusetMems !== "", "/linux/resources/cpu/mems", `--cpuset-mems ${resources.cpusetMems}`],
    [resources.blkioWeight > 0, "/linux/resources/blockIO/weight", `--blkio-weight ${resources.blkioWeight}`],
    [resources.nanoCpus > 0, "/linux/resources/cpu", `--cpus ${resources.nanoCpus / 1e9}`],
    [resources.cpuShares > 0, "/linux/resources/cpu/shares", `--cpu-shares ${resources.cpuShares}`],
    [resources.cpusetCpus !== "", "/linux/resources/cpu/cpus", `--cpuset-cpus ${resources.cpusetCpus}`],
    [(resources.pidsLimit ?? 0) > 0, "/linux/resources/pids", `--pids-limit ${resources.pidsLimit}`],
    [options.privileged, "/linux/resources/devices", "--privileged"],
    [
      options.devices.length > 0,
      "/linux/devices",
      options.devices.map((d) => `--device ${d.hostPath}`).join(" "),
    ],
    [Object.keys(options.sysctls).length > 0, "/linux/sysctl", "--sysctl"],
    [security.seccomp.kind === "profile", "/linux/seccomp", "--security-opt seccomp"],
    [security.seccomp.kind === "default", "/linux/seccomp", "default profile"],
  ];
  return [
    ...rows.flatMap(([asked, pointer, reason]): [string, string][] => (asked ? [[pointer, reason]] : [])),
    ...blockIoReasons(resources),
  ];
}

function blockIoReasons({ blkioDevices }: Resources): [string, string][] {
  return blkioLimits.flatMap((limit) => {
    const { list, flag } = BLKIO_LIMITS[limit];
    return blkioDevices[limit].map(({ path, rate }, index): [string, string] => [
      `/linux/resources/blockIO/${list}/${index}`,
      `${flag} ${path}:${limit.endsWith("Bps") ? bytes(rate) : rate}`,
    ]);
  });
}

function capabilitiesChanged(options: ContainerOptions): boolean {
  return options.privileged || options.capAdd.length > 0 || options.capDrop.length > 0;
}

function capabilityFlags(options: ContainerOptions): string {
  return [
    ...(options.privileged ? ["--privileged"] : []),
    ...options.capAdd.map((name) => `--cap-add ${name}`),
    ...options.capDrop.map((name) => `--cap-drop ${name}`),
  ].join(" ");
}

/** `64m`, `1g`: as one writes it on the command line. */
function bytes(count: number): string {
  for (const [unit, size] of [
    ["g", 2 ** 30],
    ["m", 2 ** 20],
    ["k", 2 ** 10],
  ] as const)
    if (count >= size && count % size === 0) return `${count / size}${unit}`;
  return String(count);
}
