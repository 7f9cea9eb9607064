import { InroError } from "../../oci/error.ts";
import { jsonPointer } from "../../oci/json-pointer.ts";
import type { NamespaceType, RuntimeSpec } from "../../oci/runtime-spec.ts";

/** ipc_namespaces(7): those of System V IPC that each namespace has its own of. */
const IPC: ReadonlySet<string> = new Set(
  "msgmax msgmnb msgmni sem shmall shmmax shmmni shm_rmid_forced".split(" ").map((name) => `kernel/${name}`),
);

/** Which namespace a kernel parameter belongs to; undefined for those that there is one of in the whole kernel. */
function namespaceOf(path: string): NamespaceType | undefined {
  if (IPC.has(path) || path.startsWith("fs/mqueue/")) return "ipc";
  if (path.startsWith("net/")) return "network";
  return path === "kernel/domainname" || path === "kernel/hostname" ? "uts" : undefined;
}

/**
 * The file of a kernel parameter beneath /proc/sys. What is not the container's own is refused: it would be set for the host,
 * or for whoever the namespace is shared with.
 */
export function ownSysctlPath(name: string, { linux = {} }: RuntimeSpec): string {
  const path = sysctlPath(name);
  const type = namespaceOf(path);
  if (path === "kernel/hostname") throw bad(name, "the host name has a field of its own", 'set "hostname"');
  if (type === undefined)
    throw bad(name, "no namespace has its own: it would be set for the host", undefined);
  const namespaces = linux.namespaces ?? [];
  if (namespaces.some((namespace) => namespace.type === type)) return path;
  throw bad(name, `the container shares the host's ${type} namespace`, `give it a ${type} namespace`);
}

/**
 * sysctl(8): dots part the names, unless slashes do; then a dot is a dot (an interface called eth0.100). Values stay
 * structured to the last hop (R24): no name can leave /proc/sys.
 */
export function sysctlPath(name: string): string {
  const slashed =
    name.includes("/") && name.indexOf("/") < (name.indexOf(".") + 1 || Number.POSITIVE_INFINITY);
  const parts = slashed ? name.split("/") : name.split(".").map((part) => part.replaceAll("/", "."));
  if (!parts.some((part) => part === "" || part === "." || part === ".." || part.includes("\0")))
    return parts.join("/");
  throw bad(name, "that is not the name of a kernel parameter", 'write it as "net.ipv4.ip_forward"');
}

export const sysctlPointer = (name: string): string => jsonPointer(["linux", "sysctl", name]);

function bad(name: string, why: string, hint: string | undefined): InroError {
  const what = `cannot set the sysctl "${name}"`;
  return new InroError("SYSCTL_INVALID", {
    what,
    why,
    ...(hint === undefined ? {} : { hint }),
    at: sysctlPointer(name),
  });
}
