import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Rootfs } from "../../oci/rootfs.ts";
import type { FileChange } from "../engine.ts";
import { statInLayers } from "./layers.ts";

/**
 * What a writable layer changes in the layers below it: every object of the upper folder is new, another version, or
 * a whiteout (overlayfs.rst). A folder that only leads to a change is itself modified, as `docker diff` says it.
 */
export function changesOf(rootfs: Rootfs): FileChange[] {
  if (rootfs.kind === "folder") return [];
  const upper = join(rootfs.folder, rootfs.upper);
  const below = rootfs.lower.map((name) => join(rootfs.folder, name));
  const changes: FileChange[] = [];
  const visit = (path: string): void => {
    for (const name of readdirSync(join(upper, path)).sort()) {
      const child = `${path}/${name}`;
      const stats = lstatSync(join(upper, child));
      if (stats.isCharacterDevice() && stats.rdev === 0) changes.push({ path: child, kind: "deleted" });
      else {
        const before = statInLayers(below, child);
        changes.push({ path: child, kind: before === undefined ? "added" : "modified" });
      }
      if (stats.isDirectory()) visit(child);
    }
  };
  visit("");
  const told = changes.filter((change) => !isMountPoint(change.path));
  return told.filter((change) => !onlyLeadsToMountPoints(change, changes, told));
}

/** A folder that is in the upper layer for the engine's own mount points and nothing else was not changed. */
function onlyLeadsToMountPoints(
  change: FileChange,
  all: readonly FileChange[],
  told: readonly FileChange[],
): boolean {
  const within = (other: FileChange) => other.path.startsWith(`${change.path}/`);
  return change.kind === "modified" && all.some(within) && !told.some(within);
}

/** Where the engine's own files are mounted in every container. */
export function isMountPoint(path: string): boolean {
  return (
    /^\/(dev|proc|sys|\.dockerenv)(\/|$)/.test(path) || /^\/etc\/(hosts|hostname|resolv\.conf)$/.test(path)
  );
}
