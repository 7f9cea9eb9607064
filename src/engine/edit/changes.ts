import { bracketed } from "../../oci/address.ts";
import { inRows, type PortRequest, portRange, singles } from "../../oci/port.ts";
import type { ContainerOptions, MountOption } from "../options.ts";

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
  {
    kind: "environment",
    when: "restart",
    parts: ({ env }) => new Map(env.map((line) => splitAt(line, "="))),
  },
  { kind: "label", when: "live", parts: ({ labels }) => new Map(Object.entries(labels)) },
  {
    kind: "mount",
    when: "restart",
    parts: ({ mounts }) => new Map(mounts.map((mount) => [mount.target, mountText(mount)])),
  },
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
  one("init", "restart", ({ init }) => init),
  one("read-only", "restart", ({ readOnly }) => readOnly),
  one("privileged", "restart", ({ privileged }) => privileged),
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

function splitAt(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

function mountText(mount: MountOption): string {
  switch (mount.type) {
    case "tmpfs":
      return ["tmpfs", ...mount.options].join(",");
    case "image":
      return `image ${mount.source}`;
    case "bind":
      return `bind ${mount.source}${mount.readOnly ? " (read-only)" : ""}`;
    case "volume":
      return `volume ${mount.name ?? "(anonymous)"}${mount.readOnly ? " (read-only)" : ""}`;
  }
}

function portText({ hostIp, hostPort, containerPort, count, choices, protocol }: PortRequest): string {
  const outside = hostPort === 0 ? "" : portRange(hostPort, Math.max(count, choices));
  const ip = hostIp === "" ? "" : `${bracketed(hostIp)}:`;
  return `${ip}${outside}:${portRange(containerPort, count)}/${protocol}`;
}
