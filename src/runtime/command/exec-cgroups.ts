import { readFileSync } from "node:fs";
import type { Hierarchies, Hierarchy } from "../../kernel/cgroup/hierarchies.ts";
import { InroError } from "../../oci/error.ts";
import { joinedPaths } from "../cgroup-path.ts";
import type { StoredContainer } from "./stored.ts";

/**
 * Where a program that is executed in the container belongs: where its first process is. On v2 that may be below the
 * container's own cgroup, which then may hold no process itself (cgroup-v2.rst, "No Internal Process Constraint").
 * @param asked `--cgroup [CONTROLLERS:]PATH`: cgroups that exist below the container's
 */
export function cgroupsOf(
  stored: StoredContainer,
  hierarchies: Hierarchies,
  asked: readonly string[],
): { readonly hierarchy: Hierarchy; readonly path: string }[] {
  const wishes = asked.map(parseWish);
  return joinedPaths(stored.cgroups, stored.cgroupPath, hierarchies).map(({ hierarchy, path }) => {
    const wish = wishes.findLast(
      ({ controllers }) =>
        controllers === undefined || controllers.some((name) => hierarchy.controllers.includes(name)),
    );
    if (wish !== undefined) return { hierarchy, path: `${path}/${wish.path}` };
    return { hierarchy, path: hierarchy.version === 2 ? currentOf(stored) : path };
  });
}

function parseWish(text: string): { readonly controllers?: readonly string[]; readonly path: string } {
  const at = text.indexOf(":");
  const parts = text
    .slice(at + 1)
    .split("/")
    .filter((part) => part !== "" && part !== ".");
  if (parts.includes("..") || text.includes("\0")) {
    throw new InroError("CGROUP_PATH_INVALID", {
      what: `cannot use the cgroup "${text}"`,
      why: "it is no path below the container's",
      at: "--cgroup",
    });
  }
  const path = parts.join("/");
  return at < 0 ? { path } : { controllers: text.slice(0, at).split(","), path };
}

function currentOf({ pid, cgroupPath }: StoredContainer): string {
  const [, current] = /^0::(.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, "utf8")) ?? [];
  return current?.startsWith(`${cgroupPath}/`) === true ? current : cgroupPath;
}
