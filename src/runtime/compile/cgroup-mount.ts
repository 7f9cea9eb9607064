import type { Hierarchy } from "../../kernel/cgroup/hierarchies.ts";
import { MOUNT_ATTR } from "../../kernel/mounts.ts";
import type { Slot } from "../../kernel/plan/field.ts";
import type { JoinedCgroups } from "./cgroups.ts";
import type { CompileInput, Draft } from "./context.ts";
import type { PlannedMount, Target } from "./mounts.ts";

const FOLDER_MODE = 0o755;
const SAFE = MOUNT_ATTR.noSuid | MOUNT_ATTR.noDev | MOUNT_ATTR.noExec;

/**
 * The container's view of its cgroups: the v2 hierarchy itself, or on v1 and hybrid a tmpfs with one folder for each
 * hierarchy that it joined. Without a cgroup namespace of its own it is read-only whatever was asked for (R21).
 */
export function compileCgroupMount(
  draft: Draft,
  input: CompileInput,
  planned: PlannedMount,
  to: Target,
  cgroups: JoinedCgroups,
  ownNamespace: boolean,
): void {
  const { because, options } = planned;
  const attributes = options.set | options.setRecursive | (ownNamespace ? 0 : MOUNT_ATTR.readOnly);
  draft.plan.build.push({
    kind: "ensureMountpoint",
    root: to.root,
    path: to.path,
    directory: true,
    mode: FOLDER_MODE,
    because,
  });
  if (input.facts.hierarchies.mode === "v2") {
    const tree = mountOne(draft, planned, "cgroup2", [], attributes);
    draft.plan.build.push({ kind: "attach", tree, ...to, because });
    return;
  }
  const folder = draft.newSlot();
  draft.plan.build.push(
    {
      kind: "fsMount",
      out: folder,
      fstype: "tmpfs",
      source: "cgroup",
      options: ["mode=755"],
      attributes: SAFE,
      because,
    },
    { kind: "attach", tree: folder, ...to, because },
  );
  for (const hierarchy of cgroups.slots.keys()) {
    const path = hierarchy.version === 2 ? "unified" : hierarchy.controllers.join(",");
    const tree = mountHierarchy(draft, planned, hierarchy, attributes);
    draft.plan.build.push(
      { kind: "ensureMountpoint", root: folder, path, directory: true, mode: FOLDER_MODE, because },
      { kind: "attach", tree, root: folder, path, destination: "real-directory", because },
    );
  }
  if ((attributes & MOUNT_ATTR.readOnly) !== 0) {
    const set = MOUNT_ATTR.readOnly;
    draft.plan.build.push({
      kind: "setTree",
      tree: folder,
      set,
      clear: 0,
      propagation: 0,
      recursive: false,
      because,
    });
  }
}

function mountHierarchy(draft: Draft, planned: PlannedMount, hierarchy: Hierarchy, attributes: number): Slot {
  return hierarchy.version === 2
    ? mountOne(draft, planned, "cgroup2", [], attributes)
    : mountOne(draft, planned, "cgroup", hierarchy.controllers, attributes);
}

function mountOne(
  draft: Draft,
  { because }: PlannedMount,
  fstype: string,
  options: readonly string[],
  attributes: number,
): Slot {
  const out = draft.newSlot();
  draft.plan.build.push({ kind: "fsMount", out, fstype, source: "cgroup", options, attributes, because });
  return out;
}
