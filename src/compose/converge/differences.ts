/** What about a container is not as its service says, in words: for people only, so that a near miss does no harm. */
import type { Project, Service } from "../model/project.ts";
import type { FoundImage } from "./actual.ts";
import { createBody } from "./body/create.ts";
import { RESERVED } from "./labels.ts";
import type { Peers } from "./resolve.ts";

type Fields = Readonly<Record<string, unknown>>;

/** Of GET /containers/{id}/json. */
export interface Inspected {
  readonly Config: Fields;
  readonly HostConfig: Fields;
  readonly Mounts?: readonly Mounted[];
}

interface Side {
  readonly config: Fields;
  readonly host: Fields;
  /** As the engine tells them. */
  readonly mounts: readonly Mounted[];
}

export interface Aside {
  readonly image: FoundImage | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly peers: Peers;
}

/** Answers `its ports`, `its environment`; empty where it cannot be told. */
export function differences(
  project: Project,
  service: Service,
  found: Inspected,
  aside: Aside,
): readonly string[] {
  const body = createBody({
    project,
    service,
    number: 1,
    hash: "",
    image: aside.image ?? { id: "", entrypoint: null },
    peers: aside.peers,
    env: aside.env,
  });
  const wanted = { config: body, host: body["HostConfig"] as Fields, mounts: [] };
  const actual = { config: found.Config, host: found.HostConfig, mounts: found.Mounts ?? [] };
  return ASPECTS.filter(([, differ]) => differ(wanted, actual)).map(([words]) => words);
}

type Differ = (wanted: Side, actual: Side) => boolean;

/** What an engine says of a restart policy that nobody asked for. */
const NOTHING = new Set(['{"Name":"no","MaximumRetryCount":0}', '{"Name":"","MaximumRetryCount":0}']);

/** Equal up to order, and to what is empty in one way or another. */
const plain = (value: unknown): string => {
  if (NOTHING.has(JSON.stringify(value))) return "";
  if (value === undefined || value === null || value === "" || value === 0 || value === false) return "";
  if (Array.isArray(value)) return value.map(plain).sort().join("\n");
  if (typeof value !== "object") return String(value);
  const entries = Object.entries(value)
    .map(([key, each]) => [key, plain(each)] as const)
    .filter(([, each]) => each !== "");
  return entries.length === 0 ? "" : JSON.stringify(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
};

/** `image`: what is not said there comes from the image, so that what is there then tells nothing. */
const config =
  (...keys: readonly string[]): Differ =>
  (wanted, actual) =>
    keys.some(
      (key) => wanted.config[key] !== undefined && plain(wanted.config[key]) !== plain(actual.config[key]),
    );

const host =
  (...keys: readonly string[]): Differ =>
  (wanted, actual) =>
    keys.some((key) => plain(wanted.host[key]) !== plain(actual.host[key]));

/** Those that the image sets are there, too. */
function environment(wanted: Side, actual: Side): boolean {
  const there = new Set((actual.config["Env"] ?? []) as readonly string[]);
  return ((wanted.config["Env"] ?? []) as readonly string[]).some(
    (entry) => entry.includes("=") && !there.has(entry),
  );
}

function labels(wanted: Side, actual: Side): boolean {
  const there = (actual.config["Labels"] ?? {}) as Fields;
  return Object.entries((wanted.config["Labels"] ?? {}) as Fields).some(
    ([key, value]) => !key.startsWith(RESERVED) && there[key] !== value,
  );
}

interface Mounted {
  readonly Type: string;
  readonly Name?: string;
  readonly Source?: string;
  readonly Destination: string;
  readonly RW: boolean;
}

/** `NET_ADMIN` is CAP_NET_ADMIN, and `no-new-privileges:true` what it begins with. */
function privileges({ host }: Side, key: string): string {
  const words = (host[key] ?? []) as readonly string[];
  return plain(words.map((word) => word.toUpperCase().replace(/^CAP_|[:=]TRUE$/g, "")));
}

interface MountEntry {
  readonly Type: string;
  readonly Source?: string;
  readonly Target: string;
  readonly ReadOnly?: boolean;
}

/** One that has no name in the file has one in the container. */
const ANONYMOUS = /^[0-9a-f]{64}$/;

function mounts(wanted: Side, actual: Side): boolean {
  const binds = ((wanted.host["Binds"] ?? []) as readonly string[]).map((line) => {
    const [source = "", target = "", mode = ""] = line.split(":");
    return `bind ${source} ${target} ${!mode.split(",").includes("ro")}`;
  });
  const entries = ((wanted.host["Mounts"] ?? []) as readonly MountEntry[]).map(
    ({ Type, Source = "", Target, ReadOnly = false }) => `${Type} ${Source} ${Target} ${!ReadOnly}`,
  );
  const asked = [...binds, ...entries].sort();
  const there = actual.mounts
    .map(({ Type, Name = "", Source = "", Destination, RW }) => {
      const source = Type === "volume" ? Name : Source;
      return `${Type} ${ANONYMOUS.test(source) ? "" : source} ${Destination} ${RW}`;
    })
    // The image's own, which the file need not mention.
    .filter((line) => !/^volume {2}/.test(line) || asked.includes(line))
    .sort();
  return asked.join("\n") !== there.join("\n") || host("Tmpfs", "VolumesFrom")(wanted, actual);
}

const ASPECTS: readonly (readonly [words: string, differ: Differ])[] = [
  ["its image's name", config("Image")],
  ["its command", config("Cmd", "Entrypoint")],
  ["its environment", environment],
  ["its labels", labels],
  [
    "its ports",
    (wanted, actual) => host("PortBindings")(wanted, actual) || config("ExposedPorts")(wanted, actual),
  ],
  ["its mounts", mounts],
  ["its networks", host("NetworkMode", "Links", "ExtraHosts", "Dns", "DnsSearch", "DnsOptions")],
  ["its health check", config("Healthcheck")],
  ["its user", config("User")],
  ["its working directory", config("WorkingDir")],
  ["its host name", config("Hostname", "Domainname")],
  ["how it stops", config("StopSignal", "StopTimeout")],
  ["how it restarts", host("RestartPolicy")],
  [
    "its limits",
    host(
      ...["Memory", "MemoryReservation", "NanoCpus", "CpuShares", "CpuQuota", "CpusetCpus", "PidsLimit"],
      ...["BlkioWeight", "BlkioDeviceReadBps", "BlkioDeviceWriteBps", "Ulimits"],
    ),
  ],
  ["its devices", host("Devices", "DeviceRequests", "DeviceCgroupRules")],
  [
    "its privileges",
    (wanted, actual) =>
      host("Privileged", "ReadonlyRootfs", "GroupAdd")(wanted, actual) ||
      ["CapAdd", "CapDrop", "SecurityOpt"].some((key) => privileges(wanted, key) !== privileges(actual, key)),
  ],
  ["its kernel settings", host("Sysctls")],
];
