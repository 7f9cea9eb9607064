import { InroError } from "../../oci/error.ts";
import { parseUser } from "../../oci/user.ts";
import { isFolderName, severalInto } from "./destination.ts";
import { digestOfCopy, likeness } from "./digest.ts";
import { type Found, filesOf, findAgain, findAll, type TreeFound } from "./found.ts";
import { layerOf } from "./layer.ts";
import { modeChange } from "./mode.ts";
import type { CopyRequest, PreparedCopy } from "./request.ts";
import { stampOf } from "./stamp.ts";

/**
 * Looks at the sources of a COPY or ADD: what will be copied, and its digest. COPY_SOURCE_MISSING, COPY_SOURCE_INVALID,
 * COPY_SOURCE_CHANGED, COPY_PATTERN_INVALID, COPY_DESTINATION_INVALID, COPY_MODE_INVALID, USER_INVALID, TREE_FAILED
 */
export async function prepareCopy(
  native: string,
  request: CopyRequest,
  signal?: AbortSignal,
): Promise<PreparedCopy> {
  check(request);
  const found = await findAll(native, request, signal);
  const files = found.flatMap((each) => (each.kind === "tree" ? filesOf(each.items) : []));
  return {
    digest: digestOfCopy(request, found),
    files: files.length,
    bytes: files.reduce((sum, { size }) => sum + size, 0),
    layer: (below) => layerOf(native, request, found, below, signal),
    verify: () => verify(native, request, found),
  };
}

function check({ sources, destination, owner, chmod }: CopyRequest): void {
  if (chmod !== null) modeChange(chmod);
  if (owner !== null) parseUser(owner);
  const why = !destination.startsWith("/")
    ? "it is not absolute"
    : destination.includes("\0")
      ? "it holds a NUL"
      : "";
  if (why !== "")
    throw new InroError("COPY_DESTINATION_INVALID", {
      what: `cannot copy to ${JSON.stringify(destination)}`,
      why,
    });
  const asked = sources.reduce((sum, each) => sum + (each.kind === "inline" ? 1 : each.paths.length), 0);
  if (asked > 1 && !isFolderName(destination)) throw severalInto(destination);
}

/** Whether the layer depends on the root below: with `--link` and no names to look up it does not. USER_INVALID */
export function readsBelow({ link, owner }: Pick<CopyRequest, "link" | "owner">): boolean {
  const { user, group } = parseUser(owner ?? "");
  return !link || [user, group].some((each) => each !== undefined && "name" in each);
}

async function verify(native: string, request: CopyRequest, all: readonly Found[]): Promise<boolean> {
  for (const each of all)
    if (each.kind === "tree" && !each.source.isOurs && !(await isSame(native, request, each))) return false;
  return true;
}

async function isSame(native: string, request: CopyRequest, before: TreeFound): Promise<boolean> {
  try {
    const { items, young } = await findAgain(native, request, before);
    const stamp = (entry: Parameters<typeof stampOf>[0]) => JSON.stringify(stampOf(entry));
    if (likeness({ ...before, items }, stamp) !== likeness(before, stamp)) return false;
    return [...young].every(([identity, digest]) => before.contents.digests.get(identity) === digest);
  } catch (cause) {
    // What cannot be found any more is not the same.
    if (cause instanceof InroError) return false;
    throw cause;
  }
}
