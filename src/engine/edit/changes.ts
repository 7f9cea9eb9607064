import { createHash } from "node:crypto";
import { bracketed } from "../../oci/address.ts";
import { inRows, type PortRequest, portRange, singles } from "../../oci/port.ts";
import type { ContainerOptions, LogOptions, SecurityOptions } from "../options.ts";
import { LIST_NAMES, LISTS, type ListRule, type Lists, listsOf } from "./lists.ts";

/** One difference that an edit makes. */
export interface Change {
  /** `label`, `environment`, `port`, `mount`, `memory`, … */
  readonly kind: string;
  /** Which of them: a label's key, a mount's target; empty where there is one alone. */
  readonly of: string;
  /** null: there was none. */
  readonly from: string | null;
  /** null: there is none any more. */
  readonly to: string | null;
  /** What a container that runs needs for it: nothing, or to be started again. */
  readonly when: "live" | "restart";
}

type Parts = ReadonlyMap<string, string>;

interface Field {
  readonly kind: string;
  readonly when: Change["when"];
  /** What of it is told apart from that of the other options, each with its text. */
  readonly parts: (options: ContainerOptions, other: ContainerOptions) => Parts;
}

const one = (kind: string, when: Change["when"], text: (options: ContainerOptions) => unknown): Field => ({
  kind,
  when,
  parts: (options) => {
    const value = text(options);
    return new Map(value === null || value === "" ? [] : [["", plain(value)]]);
  },
});

const listed = <K extends keyof Lists>(name: K): Field => {
  const { kind, when, key, text }: ListRule<Lists[K][number]> = LISTS[name];
  return {
    kind,
    when,
    parts: (options) => {
      const groups = Map.groupBy(listsOf(options)[name] as readonly Lists[K][number][], key);
      return new Map([...groups].map(([of, these]) => [of, these.map(text).join(", ")]));
    },
  };
};

const plain = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

/** Limits that can be changed of a container that runs. */
const LIVE_LIMITS = [
  ["memory", "memory"],
  ["memory and swap", "memorySwap"],
  ["memory reservation", "memoryReservation"],
  ["billionths of processors", "nanoCpus"],
  ["processors' period", "cpuPeriod"],
  ["processors' quota", "cpuQuota"],
  ["processors' shares", "cpuShares"],
  ["processors", "cpusetCpus"],
  ["memory nodes", "cpusetMems"],
  ["block I/O weight", "blkioWeight"],
  ["processes", "pidsLimit"],
] as const;

const FIELDS: readonly Field[] = [
  ...LIST_NAMES.map(listed),
  {
    kind: "port",
    when: "live",
    // A row that grows is no other row: what both have is left out before rows are made.
    parts: ({ ports }, other) => {
      const known = new Set([...singles(other.ports)].map(portText));
      const own = [...singles(ports)].filter((port) => !known.has(portText(port)));
      return new Map(inRows(own).map((port) => [portText(port), ""]));
    },
  },
  one("command", "restart", ({ command }) => (command?.length ? command : null)),
  one("entrypoint", "restart", ({ entrypoint }) => (entrypoint?.length ? entrypoint : null)),
  one("user", "restart", ({ user }) => user),
  one("working folder", "restart", ({ workingDirectory }) => workingDirectory),
  one("host name", "restart", ({ hostname }) => hostname),
  one("domain name", "restart", ({ domainname }) => domainname),
  one("terminal", "restart", ({ tty }) => tty),
  one("standard input", "restart", ({ openStdin }) => openStdin),
  one("removed at its end", "live", ({ autoRemove }) => autoRemove),
  one("init", "restart", ({ init }) => init),
  one("read-only", "restart", ({ readOnly }) => readOnly),
  one("privileged", "restart", ({ privileged }) => privileged),
  one("size of /dev/shm", "restart", ({ shmSize }) => shmSize),
  one("OOM score", "restart", ({ oomScoreAdj }) => oomScoreAdj),
  one("process ids", "restart", ({ pidMode }) => sharedText(pidMode)),
  one("IPC", "restart", ({ ipcMode }) => sharedText(ipcMode)),
  one("UTS", "restart", ({ utsMode }) => utsMode),
  one("cgroup namespace", "restart", ({ cgroupNamespace }) => cgroupNamespace),
  one("seccomp", "restart", ({ security: { seccomp } }) => seccompText(seccomp)),
  one("no new privileges", "restart", ({ security }) => security.noNewPrivileges),
  one("system paths", "restart", ({ security }) => security.systemPaths),
  one("masked paths", "restart", ({ maskedPaths }) => maskedPaths),
  one("read-only paths", "restart", ({ readonlyPaths }) => readonlyPaths),
  one("log", "restart", ({ log: { asked } }) => logText(asked)),
  one("stop signal", "live", ({ stopSignal }) => stopSignal),
  one("stop timeout", "live", ({ stopTimeout }) => stopTimeout),
  one("health check", "live", ({ health }) => (health.test.length === 0 ? null : health)),
  one("on bad health", "live", ({ healthOnFailure }) => healthOnFailure),
  one("restart policy", "live", ({ restart: { name, maximumRetries } }) =>
    maximumRetries > 0 ? `${name}:${maximumRetries}` : name,
  ),
  one("bandwidth", "live", ({ bandwidth }) => bandwidth),
  ...LIVE_LIMITS.map(([kind, key]) =>
    one(kind, "live", ({ resources }) => (resources[key] === 0 ? null : resources[key])),
  ),
  one("block I/O of disks", "live", ({ resources: { blkioDevices } }) =>
    Object.values(blkioDevices).some((list) => list.length > 0) ? blkioDevices : null,
  ),
];

/** What differs between two sets of options. */
export function differences(before: ContainerOptions, after: ContainerOptions): readonly Change[] {
  return FIELDS.flatMap(({ kind, when, parts }) => {
    const [was, is] = [parts(before, after), parts(after, before)];
    const keys = new Set([...was.keys(), ...is.keys()]);
    return [...keys]
      .filter((of) => was.get(of) !== is.get(of))
      .map((of) => ({ kind, of, from: was.get(of) ?? null, to: is.get(of) ?? null, when }));
  });
}

const sharedText = (mode: ContainerOptions["ipcMode"]): string =>
  typeof mode === "string" ? mode : `container:${mode.container.slice(0, 12)}`;

function seccompText(seccomp: SecurityOptions["seccomp"]): string {
  if (seccomp.kind !== "profile") return seccomp.kind;
  return `a profile (${createHash("sha256").update(seccomp.text).digest("hex").slice(0, 12)})`;
}

function logText({ type, config }: LogOptions["asked"]): string {
  return [type, ...Object.entries(config).map(([key, value]) => `${key}=${value}`)].join(" ");
}

function portText({ hostIp, hostPort, containerPort, count, choices, protocol }: PortRequest): string {
  const outside = hostPort === 0 ? "" : portRange(hostPort, Math.max(count, choices));
  const ip = hostIp === "" ? "" : `${bracketed(hostIp)}:`;
  return `${ip}${outside}:${portRange(containerPort, count)}/${protocol}`;
}
