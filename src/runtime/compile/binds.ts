import type { MountOptions, PropagationChange } from "../../kernel/mounts.ts";
import type { Slot } from "../../kernel/plan/field.ts";
import type { CompileInput, Draft } from "./context.ts";
import { hasUserNamespace } from "./dev.ts";
import { mountMapOf } from "./id-maps.ts";
import type { PlannedMount } from "./mounts.ts";
import { PROPAGATION } from "./propagation.ts";

/** A change of a mount, or of all mounts of a tree. */
export interface TreeChange {
  readonly set: number;
  readonly clear: number;
  readonly propagation: number;
  readonly recursive: boolean;
}

export const UNCHANGED: TreeChange = { set: 0, clear: 0, propagation: 0, recursive: false };

export const propagationChange = ({ type, recursive }: PropagationChange): TreeChange => ({
  ...UNCHANGED,
  propagation: PROPAGATION[type],
  recursive,
});

/** The survey's detached clone gets its attributes before anyone can see it. */
export function bindTree(draft: Draft, input: CompileInput, { index, options, because }: PlannedMount): Slot {
  const source = input.sources.get(index);
  if (source === undefined) throw new Error(`the survey cloned no source for /mounts/${index}`);
  const tree = source.slot;
  mapOwners(draft, input, { index, options, because });
  const { recursive, set, clear, setRecursive, clearRecursive } = options;
  const attributes = recursive
    ? [
        { ...UNCHANGED, set, clear },
        { ...UNCHANGED, set: setRecursive, clear: clearRecursive, recursive },
      ]
    : [{ ...UNCHANGED, set: set | setRecursive, clear: clear | clearRecursive }];
  const changes = [
    ...attributes.filter((change) => change.set !== 0 || change.clear !== 0),
    ...propagationsOf(options, hasUserNamespace(input)).map(propagationChange),
  ];
  for (const change of together(changes))
    draft.plan.build.push({ kind: "setTree", tree, ...change, because });
  return tree;
}

/** mount_setattr(2): only who is privileged over its file system may map a mount's owners, so the executor does. */
function mapOwners(
  draft: Draft,
  input: CompileInput,
  { index, options, because }: Pick<PlannedMount, "index" | "options" | "because">,
): void {
  const map = mountMapOf(input.spec, index, options);
  const tree = input.sources.get(index)?.slot;
  if (map === undefined || tree === undefined) return;
  const { uidMap, gidMap, recursive } = map;
  const users = map.joined ? openUsers(draft, input) : undefined;
  const named = users === undefined ? {} : { users };
  draft.plan.host.push({ kind: "idMap", tree, ...named, uidMap, gidMap, recursive, because });
}

/** The user namespace that the container joins. */
function openUsers(draft: Draft, { spec, becauseOf }: CompileInput): Slot {
  const out = draft.newSlot();
  const index = spec.linux?.namespaces?.findIndex(({ type }) => type === "user") ?? -1;
  const path = spec.linux?.namespaces?.[index]?.path ?? "";
  const because = becauseOf(`/linux/namespaces/${index}`);
  draft.plan.host.push({ kind: "openPath", out, path, use: "read", because });
  return out;
}

/** mount_setattr(2) changes attributes and propagation of the same mounts in one call. */
function together(changes: readonly TreeChange[]): TreeChange[] {
  const list: TreeChange[] = [];
  for (const next of changes) {
    const last = list.at(-1);
    const fits = last?.propagation === 0 && last.recursive === next.recursive && next.propagation !== 0;
    if (fits) list[list.length - 1] = { ...last, propagation: next.propagation };
    else list.push(next);
  }
  return list;
}

/**
 * Cut off from the host's mounts unless something else is asked for. A change of the top alone says nothing about what
 * came along below, which must not stay in the host's peer groups; and mount_namespaces(7): in a less privileged mount
 * namespace what was shared is a slave, so it has peers only among the container's own.
 */
function propagationsOf(
  { propagations, recursive }: MountOptions,
  inUserNamespace: boolean,
): readonly PropagationChange[] {
  const [first, ...others] = propagations;
  if (first === undefined) return [{ type: "private", recursive }];
  if (inUserNamespace) return [{ type: "slave", recursive }, first, ...others];
  if (!recursive || first.recursive || first.type === "shared") return [first, ...others];
  return [{ type: first.type === "slave" ? "slave" : "private", recursive }, first, ...others];
}
