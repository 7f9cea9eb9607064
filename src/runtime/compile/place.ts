import { MOUNT_ATTR, parseMountOptions } from "../../kernel/mounts.ts";
import type { Slot } from "../../kernel/plan/field.ts";
import { borrowedFrom } from "./borrow.ts";
import { compileCgroupMount } from "./cgroup-mount.ts";
import type { JoinedCgroups } from "./cgroups.ts";
import type { CompileInput, Draft } from "./context.ts";
import { compileDev } from "./dev.ts";
import { compileMount, isDirectory, type PlannedMount, targetOf } from "./mounts.ts";
import type { Namespaces } from "./namespaces.ts";

/** What mounting knows, and learns as it goes. */
export interface Scene {
  readonly draft: Draft;
  readonly input: CompileInput;
  readonly root: Slot;
  readonly mounts: readonly PlannedMount[];
  readonly cgroups: JoinedCgroups;
  readonly namespaces: Namespaces;
  proc: Slot | undefined;
  /** What is mounted on /dev; `readOnly`: it is to be when everything in it is there. */
  dev: { readonly slot: Slot; readonly readOnly: boolean; readonly because: string } | undefined;
}

/** Mounts one entry of the specification where it belongs. */
export function place(scene: Scene, planned: PlannedMount): void {
  const { draft, input, root, cgroups, namespaces } = scene;
  const { path, options, mount, because } = planned;
  const directory = isDirectory(input, planned);
  const to = targetOf(path, root, scene.dev?.slot, directory);
  if (isCgroup(planned)) {
    compileCgroupMount(draft, input, planned, to, cgroups, namespaces.own.has("cgroup"));
    return;
  }
  if (path === "dev" && !options.bind && !options.remount) {
    const readOnly = ((options.set | options.setRecursive) & MOUNT_ATTR.readOnly) !== 0;
    scene.dev = { slot: mountDev(scene, planned), readOnly, because };
    return;
  }
  const borrowed = borrowedFrom(planned, input);
  const slot = compileMount(draft, input, planned, { ...to, borrowed });
  if (slot === undefined) return;
  if (path === "proc" && mount.type === "proc") scene.proc = slot;
  // A /dev of the caller's own is taken as it is: nothing is made in it.
  if (path === "dev") scene.dev = { slot, readOnly: false, because };
}

function mountDev({ draft, input, root, mounts }: Scene, planned: PlannedMount): Slot {
  const { because, options, mount } = planned;
  const { build } = draft.plan;
  const out = draft.newSlot();
  const fstype = mount.type ?? "tmpfs";
  const source = mount.source ?? fstype;
  const attributes = (options.set | options.setRecursive) & ~MOUNT_ATTR.readOnly;
  const inside = mounts.filter(({ path }) => path.startsWith("dev/"));
  build.push(
    { kind: "fsMount", out, fstype, source, options: options.data, attributes, because },
    { kind: "ensureMountpoint", root, path: "dev", directory: true, mode: 0o755, because },
  );
  compileDev(draft, input, out, inside);
  build.push({ kind: "attach", tree: out, root, path: "dev", destination: "real-directory", because });
  build.push(...draft.boundNodes.splice(0));
  return out;
}

/** Nothing more is made in /dev: now it may be what it was asked to be. */
export function finishDev({ draft, dev }: Scene): void {
  if (dev?.readOnly !== true) return;
  const change = { set: MOUNT_ATTR.readOnly, clear: 0, propagation: 0, recursive: false };
  draft.plan.build.push({ kind: "setTree", tree: dev.slot, ...change, because: dev.because });
}

/** config-linux.md, "Default Devices", must be there even when a specification mounts no /dev. */
export function withDev(mounts: readonly PlannedMount[]): readonly PlannedMount[] {
  if (mounts.some(({ path, options }) => path === "dev" && !options.remount)) return mounts;
  const mount = { destination: "/dev", type: "tmpfs", source: "tmpfs" };
  const options = parseMountOptions(["nosuid", "strictatime", "mode=755", "size=65536k"], "tmpfs");
  return [{ index: -1, mount, options, path: "dev", because: "default" }, ...mounts];
}

export const isCgroup = ({ mount, options }: PlannedMount): boolean =>
  (mount.type === "cgroup" || mount.type === "cgroup2") && !options.bind && !options.remount;
