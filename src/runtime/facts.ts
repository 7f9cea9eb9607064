import { readFileSync } from "node:fs";
import { capabilityMask, parseCapabilities } from "../kernel/capabilities.ts";
import { type Hierarchies, parseHierarchies } from "../kernel/cgroup/hierarchies.ts";
import { type NativeArchitecture, nativeArchitecture } from "../kernel/seccomp/architecture.ts";

/** What only this host's kernel knows; read once. */
export interface HostFacts {
  readonly architecture: NativeArchitecture;
  /** Those that a container's cgroups can be made in. */
  readonly hierarchies: Hierarchies;
  /** All that are mounted: what a container sees of its cgroups. */
  readonly mounted: Hierarchies;
  /** Capabilities that the engine itself may hand on. */
  readonly boundingSet: bigint;
  readonly privilege: Privilege;
  /** Where programs are looked for: $PATH. */
  readonly searchPath: string;
}

/**
 * Over what this process is privileged: the host; the user namespace that it runs in (`namespace`), as a rootless
 * engine's; or nothing, as any user's program.
 */
export type Privilege = "host" | "namespace" | "none";

export function readFacts(searchPath = ""): HostFacts {
  const status = readFileSync("/proc/self/status", "utf8");
  const hierarchies = parseHierarchies(
    readFileSync("/proc/self/mountinfo", "utf8"),
    readFileSync("/proc/cgroups", "utf8"),
    readControllers,
  );
  return {
    architecture: nativeArchitecture(),
    hierarchies,
    mounted: hierarchies,
    boundingSet: parseCapabilities(status, "CapBnd"),
    privilege: privilegeOf(status),
    searchPath,
  };
}

function privilegeOf(status: string): Privilege {
  const admin = capabilityMask(["CAP_SYS_ADMIN"], "");
  if ((parseCapabilities(status, "CapEff") & admin) === 0n) return "none";
  return isFirstUserNamespace() ? "host" : "namespace";
}

// user_namespaces(7): only the first one maps every id to itself.
const isFirstUserNamespace = (): boolean =>
  /^\s*0\s+0\s+4294967295$/m.test(readFileSync("/proc/self/uid_map", "utf8"));

function readControllers(mount: string): string | undefined {
  try {
    return readFileSync(`${mount}/cgroup.controllers`, "utf8");
  } catch {
    return undefined;
  }
}
