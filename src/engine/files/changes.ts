import { join } from "node:path";
import type { Rootfs } from "../../oci/rootfs.ts";
import type { Core } from "../core.ts";
import type { FileChange } from "../engine.ts";
import { statInLayers } from "./layers.ts";

/**
 * What a container changed in its image: what is not there below is added, all else is modified or deleted. A folder that
 * only leads to a change is itself modified, as `docker diff` says it.
 */
export async function changesOf(core: Pick<Core, "trees">, rootfs: Rootfs): Promise<FileChange[]> {
  const below = foldersBelow(rootfs);
  const changes: FileChange[] = [];
  for await (const { path, deleted } of core.trees.changes(rootfs)) {
    const before = deleted ? undefined : statInLayers(below, path);
    changes.push({ path, kind: deleted ? "deleted" : before === undefined ? "added" : "modified" });
  }
  const told = changes.filter((change) => !isMountPoint(change.path));
  return told.filter((change) => !onlyLeadsToMountPoints(change, changes, told));
}

function foldersBelow(rootfs: Rootfs): string[] {
  if (rootfs.kind === "overlay") return rootfs.lower.map((name) => join(rootfs.folder, name));
  return rootfs.copyOf === undefined ? [] : [rootfs.copyOf.folder];
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
