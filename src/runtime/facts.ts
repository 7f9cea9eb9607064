import { readFileSync } from "node:fs";
import { parseBoundingSet } from "../kernel/capabilities.ts";
import { type Hierarchies, parseHierarchies, unifiedOf } from "../kernel/cgroup/hierarchies.ts";
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
    hierarchies: readHierarchies(),
    boundingSet: parseBoundingSet(readFileSync("/proc/self/status", "utf8")),
  };
}

function readHierarchies(): Hierarchies {
  const mountinfo = readFileSync("/proc/self/mountinfo", "utf8");
  const cgroups = readFileSync("/proc/cgroups", "utf8");
  const unified = unifiedOf(parseHierarchies(mountinfo, cgroups, ""));
  const controllers =
    unified === undefined ? "" : readFileSync(`${unified.mount}/cgroup.controllers`, "utf8");
  return parseHierarchies(mountinfo, cgroups, controllers);
}
