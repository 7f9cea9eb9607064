/** Whole trees of the engine's own: copied, laid upon each other, removed, limited. All throw TREE_FAILED. */
import { basename, dirname } from "node:path";
import { askTree } from "./ask.ts";
import { fromText } from "./entry.ts";
import { flag, quotaKind } from "./frames.ts";

/**
 * Copies what is in `from` into the empty folder `to`, with all that a file system knows of it; blocks are shared where
 * the file system can do that.
 */
export async function copyTree(native: string, from: string, to: string): Promise<void> {
  await askTree(native, to, "copy", (outbox) => {
    outbox.string(fromText(from));
    outbox.u32(0);
  });
}

/** Lays a layer as overlayfs has it upon the tree in `to`. Its files are moved where they can be: `layer` is spent. */
export async function layUpon(native: string, layer: string, to: string): Promise<void> {
  await askTree(native, to, "copy", (outbox) => {
    outbox.string(fromText(layer));
    outbox.u32(flag.layer);
  });
}

/**
 * Removes a file or a tree where there is one, and gives back its quotas. Neither immutable files nor read-only folders
 * nor subvolumes keep anything.
 */
export async function removeTree(native: string, path: string): Promise<void> {
  await askTree(native, dirname(path), "remove", (outbox) => outbox.string(fromText(basename(path))));
}

/** Makes a btrfs subvolume: a snapshot of the subvolume `from`, or an empty one. */
export async function makeSubvolume(native: string, path: string, from: string | undefined): Promise<void> {
  await askTree(native, dirname(path), "subvolume", (outbox) => {
    outbox.string(fromText(basename(path)));
    outbox.string(fromText(from ?? ""));
  });
}

/**
 * Bounds the bytes that the folders may hold together: what a btrfs subvolume holds alone, or all in a project of ext4
 * or xfs, which is empty yet.
 */
export async function limitFolders(
  native: string,
  parent: string,
  names: readonly string[],
  limit: { readonly bytes: number; readonly by: keyof typeof quotaKind },
): Promise<void> {
  await askTree(native, parent, "limit", (outbox) => {
    outbox.i64(limit.bytes);
    outbox.u32(quotaKind[limit.by]);
    outbox.u32(names.length);
    for (const name of names) outbox.string(fromText(name));
  });
}
