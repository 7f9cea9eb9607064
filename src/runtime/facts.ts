import { readFileSync } from "node:fs";
import { parseBoundingSet } from "../kernel/capabilities.ts";
import { type Hierarchies, parseHierarchies } from "../kernel/cgroup/hierarchies.ts";
import { type NativeArchitecture, nativeArchitecture } from "../kernel/seccomp/architecture.ts";

/** What only this host's kernel knows; read once. */
export interface HostFacts {
  readonly architecture: NativeArchitecture;
  readonly hierarchies: Hierarchies;
  /** Capabilities that the engine itself may hand on. */
  readonly boundingSet: bigint;
}

export function readFacts(): HostFacts {
  return {
    architecture: nativeArchitecture(),
    hierarchies: parseHierarchies(
      readFileSync("/proc/self/mountinfo", "utf8"),
      readFileSync("/proc/cgroups", "utf8"),
      readControllers,
    ),
    boundingSet: parseBoundingSet(readFileSync("/proc/self/status", "utf8")),
  };
}

function readControllers(mount: string): string | undefined {
  try {
    return readFileSync(`${mount}/cgroup.controllers`, "utf8");
  } catch {
    return undefined;
  }
}
