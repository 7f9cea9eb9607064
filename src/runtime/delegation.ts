import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { type Hierarchies, type Hierarchy, parseControllers } from "../kernel/cgroup/hierarchies.ts";
import type { HostFacts } from "./facts.ts";

type Given = Pick<HostFacts, "hierarchies" | "privilege">;

/**
 * The hierarchies in which a cgroup can be made at `path`: for root all of them; for another user those in which the
 * nearest folder that exists was delegated to him, with the controllers that can be used there (cgroup-v2.rst,
 * "Delegation"). A limit of any other is then missing a controller; a container without limits does without.
 */
export function usableHierarchies({ hierarchies, privilege }: Given, path: string): Hierarchies {
  if (privilege === "host") return hierarchies;
  return { ...hierarchies, list: hierarchies.list.flatMap((hierarchy) => delegated(hierarchy, path)) };
}

function delegated(hierarchy: Hierarchy, path: string): Hierarchy[] {
  const { mount, version } = hierarchy;
  let nearest = `${mount}${path}`;
  while (nearest.length > mount.length && !existsSync(nearest)) nearest = dirname(nearest);
  if (!isWritable(nearest)) return [];
  if (version === 1) return [hierarchy];
  const controllers = parseControllers(readFileSync(`${nearest}/cgroup.controllers`, "utf8"));
  return [{ ...hierarchy, controllers }];
}

/**
 * Where containers without an absolute cgroupsPath go: `parent` below the root of the hierarchies; for a user who may
 * not write there below what was delegated to him, beside his own cgroup, which holds his processes and so can have
 * no children with limits, or else in it.
 */
export function cgroupParent({ hierarchies, privilege }: Given, parent: string): string {
  const unified = hierarchies.list.find(({ version }) => version === 2);
  if (privilege === "host" || unified === undefined || isWritable(unified.mount)) return parent;
  const own = /^0::(.*)$/m.exec(readFileSync("/proc/self/cgroup", "utf8"))?.[1] ?? "/";
  const [above, self] = [dirname(own), own].map((path) => path.replace(/\/$/, ""));
  return isWritable(`${unified.mount}${above}`) ? `${above}${parent}` : `${self}${parent}`;
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
