import { mkdirSync, statfsSync } from "node:fs";
import { basename, dirname } from "node:path";
import { InroError } from "../../oci/error.ts";
import type { quotaKind } from "../tree/frames.ts";
import { TreeFailure } from "../tree/session.ts";
import { limitFolders, makeSubvolume } from "../tree/whole.ts";

/** statfs(2), f_type. */
const fileSystems: Readonly<Record<number, string>> = {
  61267: "ext4",
  1481003842: "xfs",
  2435016766: "btrfs",
  16914836: "tmpfs",
  2035054128: "overlay",
};

/** The name of the file system that a path lies on; its number where it has none here. */
export function fileSystemOf(path: string): string {
  const { type } = statfsSync(path);
  return fileSystems[type] ?? `a file system of type 0x${type.toString(16)}`;
}

const projectHint: Readonly<Record<string, string>> = {
  ext4: "tune2fs -O project -Q prjquota DEVICE while it is not mounted, then mount it with -o prjquota",
  xfs: "mount it with -o prjquota",
  btrfs: "start the daemon with --storage-driver btrfs",
};

/** A limit that cannot be kept is refused. */
export function quotaUnsupported(
  folder: string,
  why: string,
  cause?: unknown,
  what = "a container's writable layer",
): InroError {
  const hint =
    projectHint[fileSystemOf(folder)] ?? "place the data root on ext4, xfs or btrfs with --data-root";
  return new InroError("QUOTA_UNSUPPORTED", {
    what: `cannot limit ${what}`,
    why,
    hint,
    cause,
  });
}

/** Limits folders of a container's folder that are still empty. QUOTA_UNSUPPORTED */
export async function limitWritable(
  native: string,
  folder: string,
  names: readonly string[],
  limit: { readonly bytes: number; readonly by: keyof typeof quotaKind },
  whose?: string,
): Promise<void> {
  try {
    await limitFolders(native, folder, names, limit);
  } catch (cause) {
    if (!(cause instanceof TreeFailure)) throw cause;
    const what = limit.by === "project" ? "project quota" : "quota of subvolumes";
    throw quotaUnsupported(
      folder,
      `${fileSystemOf(folder)} has no ${what} at ${folder} (${cause.why})`,
      cause,
      whose,
    );
  }
}

/** Makes a folder that may hold so many bytes: a subvolume on btrfs, a project's folder elsewhere. QUOTA_UNSUPPORTED */
export async function makeLimited(native: string, path: string, bytes: number): Promise<void> {
  const folder = dirname(path);
  const by = fileSystemOf(folder) === "btrfs" ? "subvolume" : "project";
  if (by === "subvolume") await makeSubvolume(native, path, undefined);
  else mkdirSync(path, { mode: 0o755 });
  await limitWritable(native, folder, [basename(path)], { bytes, by }, "a volume");
}
