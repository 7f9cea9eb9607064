import type { Hierarchy } from "../../kernel/cgroup/hierarchies.ts";
import { MOUNT_ATTR } from "../../kernel/mounts.ts";
import type { Slot } from "../../kernel/plan/field.ts";
import type { JoinedCgroups } from "./cgroups.ts";
import type { CompileInput, Draft } from "./context.ts";
import type { PlannedMount, Target } from "./mounts.ts";

const FOLDER_MODE = 0o755;
const SAFE = MOUNT_ATTR.noSuid | MOUNT_ATTR.noDev | MOUNT_ATTR.noExec;

/** What every hierarchy of one container is mounted with. */
interface View {
  readonly draft: Draft;
  readonly input: CompileInput;
  readonly because: string;
  readonly attributes: number;
  readonly ownNamespace: boolean;
}

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
  const view: View = { draft, input, because, attributes, ownNamespace };
  draft.plan.build.push({
    kind: "ensureMountpoint",
    root: to.root,
    path: to.path,
    directory: true,
    mode: FOLDER_MODE,
    because,
  });
  if (input.facts.hierarchies.mode === "v2") {
    for (const hierarchy of input.facts.hierarchies.list)
      draft.plan.build.push({ kind: "attach", tree: hierarchyTree(view, hierarchy), ...to, because });
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
    const tree = hierarchyTree(view, hierarchy);
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

/**
 * A new mount shows the hierarchy from the container's own cgroup namespace. Without one it is a clone of the host's
 * mount, since a new cgroup2 mount made in the first namespace sets the flags of the host's hierarchy anew and waits
 * for grace periods (cgroup_get_tree in kernel/cgroup/cgroup.c): the whole on v2, the container's own cgroup on v1.
 */
function hierarchyTree(view: View, hierarchy: Hierarchy): Slot {
  const { draft, input, because, attributes, ownNamespace } = view;
  const out = draft.newSlot();
  const { build } = draft.plan;
  if (ownNamespace) {
    const [fstype, options] =
      hierarchy.version === 2 ? (["cgroup2", []] as const) : (["cgroup", hierarchy.controllers] as const);
    build.push({ kind: "fsMount", out, fstype, source: "cgroup", options, attributes, because });
    return out;
  }
  const whole = input.facts.hierarchies.mode === "v2";
  const path = whole ? hierarchy.mount : `${hierarchy.mount}${input.cgroupPath}`;
  build.push(
    { kind: "cloneTree", out, path, recursive: false, because },
    { kind: "setTree", tree: out, set: attributes, clear: 0, propagation: 0, recursive: false, because },
  );
  return out;
}
