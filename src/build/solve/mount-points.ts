/** Where the mounts of a RUN lie, and what of the way to them is there for them alone. */
import { posix } from "node:path";
import { MergedRoot } from "../../engine/files/merged.ts";
import type { StepPoint } from "../../engine/steps/steps.ts";
import { fromText, toText } from "../../image/tree/entry.ts";

export interface MountPoints {
  /** For the lowest layer of the step's root, so that nothing is made above it and no folder's time changes. */
  readonly points: readonly StepPoint[];
  /** Whether a path, from the root on, is no part of what is below the step. */
  isMissing(path: string): boolean;
}

export const NO_POINTS: MountPoints = { points: [], isMissing: () => false };

/** Links below are followed inside the root, as they are when it is mounted. */
export function mountPointsIn(folders: readonly string[], targets: readonly StepPoint[]): MountPoints {
  using root = new MergedRoot(folders);
  const missing = new Set<string>();
  const points = targets.flatMap(({ path, isFolder }) => {
    const found = placeOf(root, path);
    if (found === undefined) return [];
    for (let way = found; way !== "/"; way = posix.dirname(way)) {
      if (placeOf(root, way, (stats) => stats !== undefined) !== undefined) break;
      missing.add(way);
    }
    return [{ path: found, isFolder }];
  });
  return { points, isMissing: (path) => missing.has(path) };
}

/** Without links; undefined where no such place can be: that is said when it is mounted. */
function placeOf(root: MergedRoot, path: string, fits: (stats: unknown) => boolean = () => true) {
  try {
    const found = root.find(fromText(path));
    return fits(found.stats) ? `/${toText(found.path)}` : undefined;
  } catch (cause) {
    if (["ENOTDIR", "ELOOP", "ENAMETOOLONG"].includes((cause as NodeJS.ErrnoException).code ?? ""))
      return undefined;
    throw cause;
  }
}
