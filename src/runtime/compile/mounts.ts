import { type MountOptions, parseMountOptions } from "../../kernel/mounts.ts";
import type { Slot } from "../../kernel/plan/field.ts";
import { InroError } from "../../oci/error.ts";
import type { SpecMount } from "../../oci/runtime-spec.ts";
import { beneath, type CompileInput, type Draft } from "./context.ts";
import { PROPAGATION } from "./root.ts";

/** Where a mount goes: beneath which slot, under which name there, and how links on the way are met. */
export interface Target {
  readonly root: Slot;
  readonly path: string;
  readonly destination: "in-root" | "real-directory" | "real-file";
}

/** A mount of the specification with its options read. */
export interface PlannedMount {
  readonly index: number;
  readonly mount: SpecMount;
  readonly options: MountOptions;
  /** Beneath the root: `proc`, `dev/pts`. */
  readonly path: string;
  readonly because: string;
}

const FOLDER_MODE = 0o755;
const FILE_MODE = 0o644;

/** Destinations below these are opened without following a link and must be real (R1). */
const KERNEL_FOLDERS = ["proc", "sys", "dev"];

export function planMounts({ spec, becauseOf }: CompileInput): PlannedMount[] {
  return (spec.mounts ?? []).map((mount, index) => {
    const at = `/mounts/${index}`;
    const path = beneath(mount.destination);
    // config.md, "Mounts": destination must be an absolute path; a root that is mounted over is no root.
    if (path === "" || path.split("/").includes("..")) {
      throw new InroError("MOUNT_DESTINATION_INVALID", {
        what: `cannot mount onto "${mount.destination}"`,
        why: "a destination is a path below the container's root, without `..`",
        at,
      });
    }
    const options = parseMountOptions(mount.options ?? [], mount.type);
    return { index, mount, options, path, because: becauseOf(at) };
  });
}

export function targetOf(path: string, root: Slot, dev: Slot | undefined, directory: boolean): Target {
  const inDev = dev !== undefined && path.startsWith("dev/");
  const real = KERNEL_FOLDERS.some((folder) => path === folder || path.startsWith(`${folder}/`));
  return {
    root: inDev ? dev : root,
    path: inDev ? path.slice("dev/".length) : path,
    destination: real ? (directory ? "real-directory" : "real-file") : "in-root",
  };
}

/** Mounts one entry of the specification; the slot of the mount. */
export function compileMount(draft: Draft, input: CompileInput, planned: PlannedMount, to: Target): Slot {
  const { options, because } = planned;
  const tree = options.bind ? bindTree(draft, input, planned) : fileSystem(draft, planned);
  const directory = input.sources.get(planned.index)?.directory ?? true;
  const mode = directory ? FOLDER_MODE : FILE_MODE;
  draft.plan.build.push(
    { kind: "ensureMountpoint", root: to.root, path: to.path, directory, mode, because },
    { kind: "attach", tree, ...to, because },
  );
  return tree;
}

function fileSystem(draft: Draft, { mount, options, because }: PlannedMount): Slot {
  const out = draft.newSlot();
  const fstype = mount.type ?? "";
  draft.plan.build.push({
    kind: "fsMount",
    out,
    fstype,
    source: mount.source ?? fstype,
    options: options.data,
    attributes: options.set | options.setRecursive,
    because,
  });
  if (options.propagation !== undefined) {
    const propagation = PROPAGATION[options.propagation.type];
    draft.plan.build.push({
      kind: "setTree",
      tree: out,
      set: 0,
      clear: 0,
      propagation,
      recursive: false,
      because,
    });
  }
  return out;
}

/** The survey's detached clone gets its attributes before anyone can see it. */
function bindTree(draft: Draft, input: CompileInput, { index, options, because }: PlannedMount): Slot {
  const source = input.sources.get(index);
  if (source === undefined) throw new Error(`the survey cloned no source for /mounts/${index}`);
  const tree = source.slot;
  const { type, recursive } = options.propagation ?? { type: "private", recursive: true };
  const whole = { set: options.setRecursive, clear: options.clearRecursive };
  const top = { set: options.set, clear: options.clear };
  const propagation = PROPAGATION[type];
  if (!options.recursive) {
    const set = top.set | whole.set;
    const clear = top.clear | whole.clear;
    draft.plan.build.push({ kind: "setTree", tree, set, clear, propagation, recursive: false, because });
    return tree;
  }
  if (top.set !== 0 || top.clear !== 0) {
    draft.plan.build.push({ kind: "setTree", tree, ...top, propagation: 0, recursive: false, because });
  }
  draft.plan.build.push({ kind: "setTree", tree, ...whole, propagation, recursive, because });
  return tree;
}
