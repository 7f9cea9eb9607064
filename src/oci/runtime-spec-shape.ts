/**
 * The shape of `config.json`, as far as this runtime reads it: config.md and config-linux.md of the OCI runtime
 * specification 1.3. What values mean together is checked where they are used.
 */
import {
  anything,
  both,
  either,
  exact64,
  filled,
  flag,
  int32,
  int64,
  integer,
  list,
  type Misfit,
  matching,
  object,
  oneOf,
  record,
  type Shape,
  text,
  uint16,
  uint32,
  uint64,
} from "./shape.ts";

const texts = list(text);

const absolute: Shape = both(filled, (value) =>
  (value as string).startsWith("/")
    ? undefined
    : { at: "", why: `"${String(value)}" is not an absolute path` },
);

/** config.md, "Specification version": SemVer 2.0.0; the runtime is of major version 1. */
const SEMVER =
  /^(\d+)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/;

const version: Shape = both(text, (value): Misfit | undefined => {
  const major = SEMVER.exec(value as string)?.[1];
  if (major === undefined) return { at: "", why: `"${String(value)}" is not a version like 1.3.0` };
  return major === "1" ? undefined : { at: "", why: `version ${String(value)} is not 1.x` };
});

const id = integer(0, 2 ** 32 - 2);

const user = object({ uid: id, gid: id }, { umask: integer(0, 0o7777), additionalGids: list(id) });

const capabilities = object(
  {},
  { bounding: texts, effective: texts, permitted: texts, inheritable: texts, ambient: texts },
);

/** -1 is written for no limit. */
const limit = either(integer(-1, -1), exact64);

const scheduler = object(
  { policy: text },
  { nice: int32, priority: int32, flags: texts, runtime: exact64, deadline: exact64, period: exact64 },
);

/** Of a container's first process, and of one that `exec` is given. */
export const processShape: Shape = object(
  { args: list(text, 1), cwd: absolute, user },
  {
    terminal: flag,
    consoleSize: object({ height: uint16, width: uint16 }),
    env: texts,
    capabilities,
    rlimits: list(object({ type: text, soft: limit, hard: limit })),
    noNewPrivileges: flag,
    apparmorProfile: text,
    selinuxLabel: text,
    oomScoreAdj: integer(-1000, 1000),
    scheduler,
    ioPriority: object({ class: text, priority: int32 }),
    execCPUAffinity: object({}, { initial: text, final: text }),
  },
);

const mappings = list(object({ containerID: uint32, hostID: uint32, size: uint32 }));

const mount = object(
  { destination: filled },
  { type: text, source: text, options: texts, uidMappings: mappings, gidMappings: mappings },
);

const hooks = list(object({ path: absolute }, { args: texts, env: texts, timeout: integer(1, 2 ** 31 - 1) }));

const deviceRule = object(
  { allow: flag },
  { type: text, major: int64, minor: int64, access: matching(/^[rwm]*$/, "some of r, w and m") },
);
const throttles = list(object({ major: int64, minor: int64, rate: uint64 }));
const weight = { weight: uint16, leafWeight: uint16 };

/** config-linux.md, "Block IO": at least one of them in each entry. */
const weighted: Shape = (value) =>
  "weight" in (value as object) || "leafWeight" in (value as object)
    ? undefined
    : { at: "", why: "it has neither weight nor leafWeight" };

/** linux.resources, and what `update` is given. */
export const resourcesShape: Shape = object(
  {},
  {
    devices: list(deviceRule),
    memory: object(
      {},
      {
        limit: int64,
        reservation: int64,
        swap: int64,
        kernel: int64,
        kernelTCP: int64,
        swappiness: uint64,
        disableOOMKiller: flag,
        useHierarchy: flag,
        checkBeforeUpdate: flag,
      },
    ),
    cpu: object(
      {},
      {
        shares: uint64,
        quota: int64,
        burst: uint64,
        period: uint64,
        realtimeRuntime: int64,
        realtimePeriod: uint64,
        cpus: text,
        mems: text,
        idle: int64,
      },
    ),
    pids: object({}, { limit: int64 }),
    blockIO: object(
      {},
      {
        ...weight,
        weightDevice: list(both(object({ major: int64, minor: int64 }, weight), weighted)),
        throttleReadBpsDevice: throttles,
        throttleWriteBpsDevice: throttles,
        throttleReadIOPSDevice: throttles,
        throttleWriteIOPSDevice: throttles,
      },
    ),
    hugepageLimits: list(object({ pageSize: text, limit: uint64 })),
    network: object({}, { classID: uint32, priorities: list(object({ name: text, priority: uint32 })) }),
    rdma: record(object({}, { hcaHandles: uint32, hcaObjects: uint32 })),
    unified: record(text),
  },
);

/** config-linux.md, "Devices": numbers are required unless it is a FIFO. */
const node = { path: absolute, type: oneOf("c", "b", "u", "p") };
const numbers = { major: uint32, minor: uint32 };
const ownership = { fileMode: uint32, uid: id, gid: id };
const fifo = object(node, { ...numbers, ...ownership });
const special = object({ ...node, ...numbers }, ownership);
const device: Shape = (value) =>
  (value as { type?: unknown } | null)?.type === "p" ? fifo(value) : special(value);

export const argumentShape = object({ index: uint32, value: exact64, op: text }, { valueTwo: exact64 });
const rule = object({ names: list(text, 1), action: text }, { errnoRet: uint32, args: list(argumentShape) });
const seccomp = object(
  { defaultAction: text },
  {
    defaultErrnoRet: uint32,
    architectures: texts,
    flags: texts,
    listenerPath: text,
    listenerMetadata: text,
    syscalls: list(rule),
  },
);

const linux = object(
  {},
  {
    uidMappings: mappings,
    gidMappings: mappings,
    sysctl: record(text, filled),
    resources: resourcesShape,
    cgroupsPath: text,
    namespaces: list(object({ type: text }, { path: text })),
    devices: list(device),
    netDevices: record(object({}, { name: text })),
    seccomp,
    rootfsPropagation: oneOf(
      "",
      ...["shared", "slave", "private", "unbindable"].flatMap((word) => [word, `r${word}`]),
    ),
    maskedPaths: list(absolute),
    readonlyPaths: list(absolute),
    mountLabel: text,
    intelRdt: anything,
    memoryPolicy: object({ mode: text }, { nodes: text, flags: texts }),
    personality: object({ domain: text }, { flags: texts }),
    timeOffsets: record(object({}, { secs: int64, nanosecs: uint32 })),
  },
);

const phases = ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"];

/** A whole `config.json`. */
export const specShape: Shape = object(
  { ociVersion: version, root: object({ path: filled }, { readonly: flag }) },
  {
    process: processShape,
    hostname: text,
    domainname: text,
    mounts: list(mount),
    hooks: object({}, Object.fromEntries(phases.map((phase) => [phase, hooks]))),
    annotations: record(text, filled),
    linux,
  },
);
