import { constants } from "node:os";
import { errnoName, errnoText } from "../kernel/errno.ts";
import { listWord } from "../kernel/number-list.ts";
import type { Kind, Op, OpOf } from "../kernel/plan/operations.ts";
import type { OpRecord } from "../kernel/plan/record.ts";
import { InroError } from "../oci/error.ts";

const { ENOENT, EACCES, EPERM, ELOOP, ENOTDIR, EXDEV, ENOEXEC, EINVAL, ENOSPC, ECONNREFUSED } =
  constants.errno;

/** How people are told of one kind of operation: the error's code, what could not be done, what to do about it. */
interface Telling<K extends Kind> {
  readonly code: string | ((op: OpOf<K>, errno: number) => string);
  readonly what: (op: OpOf<K>) => string;
  readonly hint?: (op: OpOf<K>, errno: number) => string | undefined;
}

const mountCode = (_: unknown, errno: number): string =>
  errno === ELOOP || errno === ENOTDIR || errno === EXDEV ? "DESTINATION_NOT_DIRECTORY" : "MOUNT_FAILED";
const programCode = (_: unknown, errno: number): string =>
  errno === ENOENT || errno === ENOTDIR ? "COMMAND_NOT_FOUND" : "COMMAND_NOT_EXECUTABLE";

const isLabel = (path: string): boolean => path.startsWith("self/attr/");

/** A profile that is not loaded is ENOENT too, as is a kernel without the module: EINVAL where no module takes labels. */
function labelHint(path: string, errno: number): string | undefined {
  if (errno !== ENOENT && errno !== EINVAL) return undefined;
  return path.includes("apparmor")
    ? "the kernel must run AppArmor, and the profile be loaded: see aa-status(8)"
    : "the kernel must run SELinux: see sestatus(8)";
}

const niceHint = (_: unknown, errno: number): string | undefined =>
  errno === EPERM ? "it needs CAP_SYS_NICE, which the engine lacks" : undefined;

/** sched(7): EPERM is also the answer of a cgroup whose cpu.rt_runtime_us is 0, as it is in a new one. */
const REAL_TIME_HINT =
  "it needs CAP_SYS_NICE, and on cgroup v1 real time in its cgroup and those above: linux.resources.cpu.realtimeRuntime";

const limitCode = (_: unknown, errno: number): string =>
  errno === ENOENT ? "CGROUP_CONTROLLER_MISSING" : "CGROUP_LIMIT_REFUSED";

const TELLINGS: { readonly [K in Kind]?: Telling<K> } = {
  cloneTree: {
    code: (_, errno) => (errno === ENOENT ? "MOUNT_SOURCE_MISSING" : "MOUNT_FAILED"),
    what: ({ path }) => `cannot mount "${path}" into the container`,
    hint: (_, errno) => (errno === ENOENT ? "create it, or use a named volume" : undefined),
  },
  cloneTreeIn: {
    code: "MOUNT_FAILED",
    what: ({ path }) => `cannot share what another container has mounted at "${path}"`,
  },
  fsMount: { code: "MOUNT_FAILED", what: ({ fstype }) => `cannot make a new ${fstype} file system` },
  overlay: {
    code: "MOUNT_FAILED",
    what: ({ folder }) => `cannot mount the container's layers in "${folder}"`,
  },
  attach: { code: mountCode, what: ({ path }) => `cannot mount onto "/${path}" of the container` },
  remount: {
    code: (op, errno) => (errno === EINVAL ? "MOUNT_MISSING" : mountCode(op, errno)),
    what: ({ path }) => `cannot remount "/${path}" of the container`,
    hint: (_, errno) =>
      errno === EINVAL ? 'mount something there first, or leave "remount" out' : undefined,
  },
  idMap: {
    code: (_, errno) => (errno === EINVAL ? "IDMAP_UNSUPPORTED" : "MOUNT_FAILED"),
    what: () => "cannot map the owners of a mount",
    hint: (_, errno) => {
      if (errno === EINVAL) return "its file system, or one below it, cannot do that: see mount_setattr(2)";
      return errno === EPERM ? "only who is privileged over the file system may" : undefined;
    },
  },
  enterUserNamespace: {
    code: "USER_NAMESPACE_REFUSED",
    what: () => "cannot become root of a user namespace",
    hint: (_, errno) =>
      errno === EPERM
        ? "see /etc/subuid, /etc/subgid and whether this host lets users make namespaces (user_namespaces(7))"
        : undefined,
  },
  mapIds: { code: "ID_MAPPING_INVALID", what: () => "cannot map the container's users" },
  copyUp: {
    code: (_, errno) => (errno === ENOTDIR ? "DESTINATION_NOT_DIRECTORY" : "MOUNT_FAILED"),
    what: ({ path }) => `cannot fill the tmpfs on "/${path}" with what the image has there`,
    hint: (_, errno) => (errno === ENOSPC ? "give it a larger size=" : undefined),
  },
  ensureMountpoint: {
    // Only a symbolic link whose target is missing is ENOENT: everything else that is missing is made.
    code: (op, errno) => (errno === ENOENT ? "DESTINATION_NOT_DIRECTORY" : mountCode(op, errno)),
    what: ({ path }) => `cannot make the mount point "/${path}" in the container`,
  },
  openPath: { code: "OPEN_FAILED", what: ({ path }) => `cannot open "${path}"` },
  mask: { code: "MOUNT_FAILED", what: ({ path }) => `cannot mask "/${path}"` },
  readonlyPath: { code: "MOUNT_FAILED", what: ({ path }) => `cannot make "/${path}" read-only` },
  makeNode: { code: "DEVICE_FAILED", what: ({ path }) => `cannot make the device "/dev/${path}"` },
  writeProc: {
    code: ({ path }) =>
      isLabel(path) ? "LABEL_REFUSED" : path.startsWith("sys/") ? "SYSCTL_REFUSED" : "PROC_REFUSED",
    what: ({ path, data }) =>
      isLabel(path)
        ? `cannot run under the label "${data.replace(/^exec /, "")}"`
        : `cannot write "${data}" to /proc/${path}`,
    hint: ({ path }, errno) => (isLabel(path) ? labelHint(path, errno) : undefined),
  },
  makeCgroup: {
    code: "CGROUP_FAILED",
    what: ({ hierarchy, path }) => `cannot make the cgroup ${hierarchy}${path}`,
  },
  writeCgroup: {
    code: limitCode,
    what: ({ file, value }) => `cannot set ${file} to "${value}"`,
  },
  writeCgroupFirst: {
    code: limitCode,
    what: ({ files, values }) => `cannot set ${files.join(" or ")} to "${values[0]}"`,
  },
  joinCgroup: { code: "CGROUP_FAILED", what: () => "cannot move the container into its cgroup" },
  deviceFilter: { code: "CGROUP_FAILED", what: () => "cannot limit the container's devices" },
  ownCgroup: { code: "CGROUP_FAILED", what: () => "cannot give the container its cgroup" },
  replaceDeviceFilter: { code: "CGROUP_FAILED", what: () => "cannot change the container's device rules" },
  netlink: { code: "NETWORK_SETUP_FAILED", what: ({ what }) => `cannot set the network up (${what})` },
  nameSockets: { code: "NETWORK_SETUP_FAILED", what: () => "cannot listen for the container's DNS queries" },
  netlinkIn: { code: "NETWORK_SETUP_FAILED", what: ({ what }) => `cannot set the network up (${what})` },
  networkParameter: {
    code: "NETWORK_SETUP_FAILED",
    what: ({ path, data }) => `cannot write "${data}" to /proc/sys/net/${path}`,
  },
  networkParameterIn: {
    code: "NETWORK_SETUP_FAILED",
    what: ({ path, data }) => `cannot write "${data}" to /proc/sys/net/${path}`,
  },
  joinNamespace: { code: "NAMESPACE_FAILED", what: () => "cannot join the namespace" },
  clone: {
    code: (_, errno) => (errno === EACCES ? "CGROUP_FAILED" : "NAMESPACE_FAILED"),
    what: () => "cannot make the container's first process",
    // cgroup-v2.rst, "Delegation Containment": clone3 says EACCES for CLONE_INTO_CGROUP alone.
    hint: (_, errno) =>
      errno === EACCES
        ? "a user's processes move only within what was delegated to him: start in it, or name another cgroupsPath"
        : undefined,
  },
  hostname: { code: "HOSTNAME_REFUSED", what: ({ name }) => `cannot set the host name "${name}"` },
  rlimit: {
    code: "RLIMIT_REFUSED",
    what: ({ soft, hard }) => `cannot set a resource limit to ${soft}:${hard}`,
    hint: (_, errno) =>
      errno === EPERM ? "raising a hard limit needs CAP_SYS_RESOURCE, which the engine lacks" : undefined,
  },
  workingDirectory: {
    code: "WORKING_DIRECTORY_INVALID",
    what: ({ path }) => `cannot change to the working directory "${path}"`,
  },
  user: { code: "USER_REFUSED", what: ({ uid, gid }) => `cannot become user ${uid}, group ${gid}` },
  groups: { code: "USER_REFUSED", what: ({ gids }) => `cannot take the groups ${gids.join(", ")}` },
  scheduler: {
    code: "SCHEDULING_REFUSED",
    what: () => "cannot set the scheduling policy",
    hint: ({ priority }, errno) => (priority > 0 && errno === EPERM ? REAL_TIME_HINT : niceHint({}, errno)),
  },
  ioPriority: { code: "SCHEDULING_REFUSED", what: () => "cannot set the I/O priority", hint: niceHint },
  cpuAffinity: {
    code: "SCHEDULING_REFUSED",
    what: ({ cpus }) => `cannot run on the processors ${listWord(cpus)}`,
    hint: (_, errno) => (errno === EINVAL ? "none of them is one that the process may use" : undefined),
  },
  memoryPolicy: { code: "SCHEDULING_REFUSED", what: () => "cannot set the memory policy" },
  personality: { code: "PERSONALITY_REFUSED", what: () => "cannot set the personality" },
  seccomp: { code: "SECCOMP_REFUSED", what: () => "cannot load the seccomp filter" },
  sendListener: {
    code: "SECCOMP_LISTENER_FAILED",
    what: ({ path }) => `cannot hand the seccomp filter's listener to "${path}"`,
    hint: (_, errno) =>
      errno === ENOENT || errno === ECONNREFUSED ? "start the supervisor that listens there" : undefined,
  },
  terminal: {
    code: "TERMINAL_FAILED",
    what: () => "cannot open a terminal",
    hint: () => "it needs a devpts on /dev/pts",
  },
  hook: { code: "HOOK_FAILED", what: ({ phase, path }) => `the ${phase} hook "${path}" failed` },
  findProgram: { code: programCode, what: ({ program }) => `cannot start "${program}"` },
  exec: { code: programCode, what: ({ argv }) => `cannot start "${argv[0]}"` },
};

/** What a failed operation means for people. */
export function failureOf(op: Op, record: OpRecord, host: string): InroError {
  const telling = TELLINGS[op.kind] as Telling<Kind> | undefined;
  const { errno } = record;
  const code = telling?.code ?? "SETUP_FAILED";
  const hint = isForeign(op, record) ? FOREIGN_HINT : telling?.hint?.(op, errno);
  return new InroError(typeof code === "string" ? code : code(op, errno), {
    what: telling?.what(op) ?? `cannot set the container up (${op.kind})`,
    why: whyOf(op, record, host),
    ...(hint === undefined ? {} : { hint }),
    at: op.because,
    cause: record,
  });
}

/** What failed of a batch. */
export const failuresOf = (ops: readonly Op[], records: readonly OpRecord[], host: string): InroError[] =>
  records.flatMap((record) => {
    const op = ops[record.index];
    return record.errno === 0 || op === undefined ? [] : [failureOf(op, record, host)];
  });

function whyOf(op: Op, { errno, step, detail }: OpRecord, host: string): string {
  if (op.kind === "hook" && step === "" && detail !== "") return detail;
  if (op.kind === "findProgram" || op.kind === "exec") return programWhy(op, errno, detail, host);
  if (op.kind === "ensureMountpoint" && errno === ENOENT) {
    return "it is a symbolic link in the image, and what it names is not there";
  }
  if ((op.kind === "writeCgroup" || op.kind === "writeCgroupFirst") && errno === ENOENT) {
    return "the kernel does not have it, or a cgroup above does not let its controller be used below";
  }
  if (op.kind === "cloneTree" && errno === ENOENT) return "it does not exist on the host";
  if (
    op.kind === "attach" &&
    op.destination !== "in-root" &&
    mountCode(op, errno) === "DESTINATION_NOT_DIRECTORY"
  ) {
    return `it is a symbolic link, or no folder, in the image (${errnoName(errno)})`;
  }
  const where = step === "" ? errnoText(errno) : `${step}: ${errnoText(errno)}`;
  return detail === "" ? where : `${where}: ${detail}`;
}

const FOREIGN = "it is built for ";

/** binfmt_misc, kernel documentation: what such a package registers is executed in the program's place. */
const FOREIGN_HINT = "install qemu-user-static on this host to run it";

const isForeign = ({ kind }: Op, { detail }: OpRecord) =>
  (kind === "findProgram" || kind === "exec") && detail.startsWith(FOREIGN);

function programWhy(
  op: OpOf<"findProgram"> | OpOf<"exec">,
  errno: number,
  detail: string,
  host: string,
): string {
  if (detail.startsWith(FOREIGN)) return `${detail}, this host is ${host}`;
  if (detail !== "") return detail;
  if (errno === ENOENT || errno === ENOTDIR) {
    const program = op.kind === "exec" ? op.argv[0] : op.program;
    return program?.includes("/") === false
      ? "executable file not found in $PATH"
      : "no such file or directory";
  }
  if (errno === EACCES) return "permission denied: it is not an executable file";
  if (errno === ENOEXEC) return "exec format error";
  return errnoText(errno);
}
