import { existsSync, readFileSync } from "node:fs";
import { isFrozen } from "../kernel/cgroup/freezer.ts";
import type { Hierarchies, Hierarchy } from "../kernel/cgroup/hierarchies.ts";
import { type CgroupSet, processesOf } from "../kernel/cgroup/set.ts";
import { InroError } from "../oci/error.ts";
import type { RuntimeSpec } from "../oci/runtime-spec.ts";
import { joinedHierarchies } from "./compile/cgroups.ts";
import { cgroupParent, usableHierarchies } from "./delegation.ts";
import type { HostFacts } from "./facts.ts";

/**
 * The container's cgroup, absolute below every hierarchy. config-linux.md, "Cgroups Path": an absolute path is relative
 * to the mount point; a relative one, or none, lies below `parent`.
 */
function cgroupPathOf(spec: RuntimeSpec, parent: string, id: string): string {
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

/** Where a container's cgroups are, and what is known of the host as far as they may be made there. */
export interface Place {
  readonly cgroupPath: string;
  readonly facts: HostFacts;
}

export function placeOf(spec: RuntimeSpec, parent: string, id: string, facts: HostFacts): Place {
  const cgroupPath = cgroupPathOf(spec, cgroupParent(facts, parent), id);
  return { cgroupPath, facts: { ...facts, hierarchies: usableHierarchies(facts, cgroupPath) } };
}

/**
 * The cgroups that a container will have. config-linux.md, "Control groups": one that holds processes already is
 * somebody's, whom killing or limiting the container would hit, and the other way round; in a frozen one nothing starts.
 */
export function claimCgroups(spec: RuntimeSpec, path: string, facts: HostFacts): CgroupSet {
  const joined = joinedHierarchies(facts.hierarchies, spec.linux?.resources ?? {});
  const set = joined.map(({ version, mount, controllers }) => ({ version, path: mount + path, controllers }));
  for (const folder of set.filter((one) => existsSync(one.path))) {
    const [pid] = processesOf([folder]);
    const why =
      pid !== undefined
        ? `process ${pid} is in ${folder.path}`
        : isFrozen([folder])
          ? `${folder.path} is frozen`
          : undefined;
    if (why === undefined) continue;
    throw new InroError("CGROUP_BUSY", {
      what: `cannot use the cgroup "${path}"`,
      why,
      hint: "choose another cgroupsPath, or end what runs there",
      at: "/linux/cgroupsPath",
    });
  }
  return set;
}

/**
 * Where what joins a container belongs in each hierarchy: on v2 where its first process is, which may be below the
 * container's own cgroup; that then may hold no process itself (cgroup-v2.rst, "No Internal Process Constraint").
 */
export function joinedPaths(
  set: CgroupSet,
  path: string,
  { list }: Hierarchies,
  pid: number,
): { readonly hierarchy: Hierarchy; readonly path: string }[] {
  const joined = list.filter(({ mount }) => set.some((folder) => folder.path === mount + path));
  return joined.map((hierarchy) => ({
    hierarchy,
    path: hierarchy.version === 2 ? currentPath(pid, path) : path,
  }));
}

function currentPath(pid: number, path: string): string {
  const [, current] = /^0::(.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, "utf8")) ?? [];
  return current?.startsWith(`${path}/`) === true ? current : path;
}
