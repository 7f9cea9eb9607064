import type { Hierarchies, Hierarchy } from "../../kernel/cgroup/hierarchies.ts";
import { InroError } from "../../oci/error.ts";
import { joinedPaths } from "../cgroup-path.ts";
import type { StoredContainer } from "./stored.ts";

/**
 * Where a program that is executed in the container belongs.
 * @param asked `--cgroup [CONTROLLERS:]PATH`: cgroups that exist below the container's
 */
export function cgroupsOf(
  stored: StoredContainer,
  hierarchies: Hierarchies,
  asked: readonly string[],
): { readonly hierarchy: Hierarchy; readonly path: string }[] {
  const wishes = asked.map(parseWish);
  const { cgroups, cgroupPath, pid } = stored;
  return joinedPaths(cgroups, cgroupPath, hierarchies, pid).map(({ hierarchy, path }) => {
    const wish = wishes.findLast(
      ({ controllers }) =>
        controllers === undefined || controllers.some((name) => hierarchy.controllers.includes(name)),
    );
    return { hierarchy, path: wish === undefined ? path : `${cgroupPath}/${wish.path}` };
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
