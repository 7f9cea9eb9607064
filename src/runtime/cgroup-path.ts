import { existsSync, readFileSync } from "node:fs";
import type { Hierarchies, Hierarchy } from "../kernel/cgroup/hierarchies.ts";
import type { CgroupSet } from "../kernel/cgroup/set.ts";
import { InroError } from "../oci/error.ts";
import type { RuntimeSpec } from "../oci/runtime-spec.ts";
import { joinedHierarchies } from "./compile/cgroups.ts";
import type { HostFacts } from "./facts.ts";

/**
 * The container's cgroup, absolute below every hierarchy. config-linux.md, "Cgroups Path": an absolute path is relative
 * to the mount point; a relative one, or none, lies below `parent`.
 */
export function cgroupPathOf(spec: RuntimeSpec, parent: string, id: string): string {
  const asked = spec.linux?.cgroupsPath ?? "";
  const path = asked === "" ? `${parent}/${id}` : asked.startsWith("/") ? asked : `${parent}/${asked}`;
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.length > 0 && !parts.includes("..") && !/[:\0]/.test(path)) return `/${parts.join("/")}`;
  throw new InroError("CGROUP_PATH_INVALID", {
    what: `cannot use the cgroup "${asked}"`,
    why: asked.includes(":")
      ? "systemd's slice notation is not supported"
      : "it is no path below a hierarchy",
    hint: 'write it as "/parent/name"',
    at: "/linux/cgroupsPath",
  });
}

/**
 * The cgroups that a container will have. One that holds processes already is somebody's: killing or limiting the
 * container would hit them, and theirs would hit it.
 */
export function claimCgroups(spec: RuntimeSpec, path: string, facts: HostFacts): CgroupSet {
  const joined = joinedHierarchies(facts.hierarchies, spec.linux?.resources ?? {});
  const set = joined.map(({ version, mount, controllers }) => ({ version, path: mount + path, controllers }));
  const busy = set.find((folder) => holdsProcesses(folder.path));
  if (busy === undefined) return set;
  throw new InroError("CGROUP_BUSY", {
    what: `cannot use the cgroup "${path}"`,
    why: `there are processes in ${busy.path}`,
    hint: "choose another cgroupsPath, or end what runs there",
    at: "/linux/cgroupsPath",
  });
}

function holdsProcesses(path: string): boolean {
  if (!existsSync(path)) return false;
  try {
    return readFileSync(`${path}/cgroup.procs`).length > 0;
  } catch {
    return false;
  }
}

/** Where each hierarchy of a container's cgroups has it: what joins the container goes there. */
export function joinedPaths(
  set: CgroupSet,
  path: string,
  { list }: Hierarchies,
): { readonly hierarchy: Hierarchy; readonly path: string }[] {
  const joined = list.filter(({ mount }) => set.some((folder) => folder.path === mount + path));
  return joined.map((hierarchy) => ({ hierarchy, path }));
}
