import { type Hierarchy, unifiedOf } from "../../kernel/cgroup/hierarchies.ts";
import { MOUNT_ATTR } from "../../kernel/mounts.ts";
import type { Slot } from "../../kernel/plan/field.ts";
import { InroError } from "../../oci/error.ts";
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
 * The container's view of its cgroups: on v2 the hierarchy itself, which type `cgroup2` asks for everywhere; on v1 and
 * hybrid a tmpfs with a folder for each hierarchy and a link for each controller that shares one. Without a cgroup
 * namespace of its own it is read-only whatever was asked for (R21).
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
  const hierarchies = input.facts.mounted;
  const attributes = options.set | options.setRecursive | (ownNamespace ? 0 : MOUNT_ATTR.readOnly);
  const view: View = { draft, input, because, attributes, ownNamespace };
  const { root, path } = to;
  const point = { root, path, directory: true, mode: FOLDER_MODE };
  draft.plan.build.push({ kind: "ensureMountpoint", ...point, because });
  if (hierarchies.mode !== "v2" && planned.mount.type !== "cgroup2") {
    // Where it did not join one there is no cgroup of its own to show, but to a namespace.
    const list = ownNamespace ? hierarchies.list : [...cgroups.slots.keys()];
    compileFolders(view, list, to);
    return;
  }
  const unified = unifiedOf(hierarchies);
  if (unified === undefined) throw noUnified(planned);
  draft.plan.build.push({ kind: "attach", tree: hierarchyTree(view, unified), ...to, because });
}

function compileFolders(view: View, list: readonly Hierarchy[], to: Target): void {
  const { draft, because, attributes } = view;
  const { build } = draft.plan;
  const out = draft.newSlot();
  const options = ["mode=755"];
  build.push(
    { kind: "fsMount", out, fstype: "tmpfs", source: "cgroup", options, attributes: SAFE, because },
    { kind: "attach", tree: out, ...to, because },
  );
  for (const hierarchy of list) {
    const path = folderOf(hierarchy);
    const tree = hierarchyTree(view, hierarchy);
    build.push(
      { kind: "ensureMountpoint", root: out, path, directory: true, mode: FOLDER_MODE, because },
      { kind: "attach", tree, root: out, path, destination: "real-directory", because },
    );
    // cgroups(7): programs look for a controller by its own name.
    const links = hierarchy.version === 1 ? hierarchy.controllers.filter((name) => name !== path) : [];
    for (const name of links) build.push({ kind: "makeLink", root: out, path: name, target: path, because });
  }
  const set = attributes & MOUNT_ATTR.readOnly;
  if (set !== 0)
    build.push({ kind: "setTree", tree: out, set, clear: 0, propagation: 0, recursive: false, because });
}

const folderOf = ({ version, controllers, name }: Hierarchy): string =>
  version === 2 ? "unified" : (name ?? controllers.join(","));

function noUnified({ mount }: PlannedMount): InroError {
  return new InroError("MOUNT_FAILED", {
    what: `cannot mount cgroup2 onto "${mount.destination}"`,
    why: "this host has no unified hierarchy",
    hint: 'mount type "cgroup"',
  });
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
    const fstype = hierarchy.version === 2 ? "cgroup2" : "cgroup";
    const options = hierarchy.version === 2 ? [] : superblockOptions(hierarchy);
    build.push({ kind: "fsMount", out, fstype, source: "cgroup", options, attributes, because });
    return out;
  }
  const whole = input.facts.mounted.mode === "v2";
  const path = whole ? hierarchy.mount : `${hierarchy.mount}${input.cgroupPath}`;
  build.push(
    { kind: "cloneTree", out, path, recursive: false, because },
    { kind: "setTree", tree: out, set: attributes, clear: 0, propagation: 0, recursive: false, because },
  );
  return out;
}

// cgroups(7): a hierarchy of v1 is named by its controllers; one without any by `none` and its name.
const superblockOptions = ({ controllers, name }: Hierarchy): readonly string[] => [
  ...(controllers.length === 0 ? ["none"] : controllers),
  ...(name === undefined ? [] : [`name=${name}`]),
];
