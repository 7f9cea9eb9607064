import { MOUNT_ATTR } from "../../kernel/mounts.ts";
import type { Slot } from "../../kernel/plan/field.ts";
import type { MountDetail } from "../../oci/rootfs.ts";
import { UNCHANGED } from "./binds.ts";
import type { CompileInput, Draft } from "./context.ts";
import type { PlannedMount } from "./mounts.ts";
import { PROPAGATION } from "./propagation.ts";

/**
 * A part of a new file system goes over the whole: before 6.15 open_tree(2) clones nothing of what is not attached. What is a
 * bind or layers has been cloned as a part.
 */
export function partOf(
  draft: Draft,
  input: CompileInput,
  planned: PlannedMount,
  whole: Slot,
): Slot | undefined {
  const { subpath, layers } = input.mountDetails?.get(planned.index) ?? {};
  if (subpath === undefined || layers !== undefined || planned.options.bind) return undefined;
  const out = draft.newSlot();
  const { because } = planned;
  draft.plan.build.push({ kind: "cloneTree", out, root: whole, path: subpath, recursive: false, because });
  return out;
}

// include/uapi/linux/magic.h; a ramfs has its own.
const TMPFS_MAGIC = 0x01021994;
const RAMFS_MAGIC = 0x858458f6;

/** What lives in memory is one for all containers that use it at a time: the others have it from the first. */
export function sharedTree(
  draft: Draft,
  { mount, options, because }: PlannedMount,
  { pid, path }: NonNullable<MountDetail["shared"]>,
): Slot {
  const [ns, out] = [draft.newSlot(), draft.newSlot()];
  const magic = mount.type === "ramfs" ? RAMFS_MAGIC : TMPFS_MAGIC;
  draft.plan.host.push(
    { kind: "openPath", out: ns, path: `/proc/${pid}/ns/mnt`, use: "read", because },
    { kind: "cloneTreeIn", out, ns, path, magic, because },
  );
  const set = (options.set | options.setRecursive) & MOUNT_ATTR.readOnly;
  const change = {
    set,
    clear: MOUNT_ATTR.readOnly & ~set,
    propagation: PROPAGATION.private,
    recursive: false,
  };
  draft.plan.build.push({ kind: "setTree", tree: out, ...change, because });
  return out;
}

/** Layers: mounted where the engine has made a place for them, shown where they are wanted; without an upper one read-only. */
export function layersTree(
  draft: Draft,
  { because }: PlannedMount,
  layers: NonNullable<MountDetail["layers"]>,
  subpath: string,
): Slot {
  const [whole, out] = [draft.newSlot(), draft.newSlot()];
  const { folder, lower, upper, work, mountpoint } = layers;
  const change = { ...UNCHANGED, set: upper === "" ? MOUNT_ATTR.readOnly : 0 };
  draft.plan.build.push(
    { kind: "overlay", out: whole, folder, lower, upper, work, mountpoint, options: [], because },
    { kind: "cloneTree", out, root: whole, path: subpath, recursive: false, because },
    { kind: "setTree", tree: out, ...change, because },
  );
  return out;
}
