import { absolutePath } from "../../../platform/absolute-path.ts";
import type { Slot } from "../field.ts";
import type { Kind, Op, OpOf } from "../operations.ts";
import type { Plan } from "../plan.ts";
import { ATTRIBUTE_READ_ONLY, childOps, cloneOf, isKind, type Law, NEW, type Violation } from "./law.ts";

const afterPivot = (plan: Plan): readonly Op[] => {
  const ops = childOps(plan);
  const at = ops.findIndex(({ kind }) => kind === "pivot" || kind === "chroot");
  return at < 0 ? [] : ops.slice(at + 1);
};

/** What would be seen by whoever else is in the namespace, and stay when the container is gone. */
const MOUNTING: readonly Kind[] = [
  ...(["setPropagation", "overlay", "attach", "mask", "readonlyPath", "remount"] as const),
  ...(["console", "pivot"] as const),
];

/** ADR 4: nothing is mounted on the host. */
export const foreignMountLaw: Law = {
  name: "nothing is mounted in a mount namespace that is not the container's own",
  check(plan) {
    const own = ((cloneOf(plan)?.flags ?? 0) & NEW.mount) !== 0;
    return plan.build.flatMap((op): Violation[] => {
      if (own && op.kind === "chroot") return [{ op, why: "the host's root would stay beneath it" }];
      return !own && MOUNTING.includes(op.kind) ? [{ op, why: "others are in its mount namespace" }] : [];
    });
  },
};

/** pivot_root(2): with the old root attached, `..` of a moved working directory and chroot(2) lead back to the host. */
export const pivotLaw: Law = {
  name: "a mount namespace of its own loses the host's root",
  check(plan) {
    const clone = cloneOf(plan);
    if (clone === undefined || (clone.flags & NEW.mount) === 0) return [];
    const pivots = childOps(plan).some(isKind("pivot"));
    return pivots ? [] : [{ op: clone, why: "nothing pivots into the container's root" }];
  },
};

/** Whatever else is asked for: no program of a container's has the host's root. */
export const rootLaw: Law = {
  name: "the child leaves the host's root: it pivots, enters a folder, or joins a mount namespace",
  check(plan) {
    const leaves = (op: Op): boolean =>
      op.kind === "pivot" || op.kind === "chroot" || (op.kind === "joinNamespace" && op.type === NEW.mount);
    return plan.build.some(leaves)
      ? []
      : [{ op: cloneOf(plan), why: "its child would have the host's files" }];
  },
};

export const hostPathLaw: Law = {
  name: "no host path is used after pivot",
  check: (plan) =>
    afterPivot(plan).flatMap((op): Violation[] => {
      const host =
        op.kind === "openPath" || op.kind === "overlay" || (op.kind === "cloneTree" && op.root === undefined);
      return host ? [{ op, why: "its path would be one of the container's" }] : [];
    }),
};

/** KERNEL.md: a clone of an old root's mount, and a cover over it, are refused once the old root is detached. */
export const coverLaw: Law = {
  name: "paths are masked and made read-only before pivot",
  check: (plan) =>
    afterPivot(plan).flatMap((op): Violation[] =>
      op.kind === "mask" || op.kind === "readonlyPath" ? [{ op, why: "it comes after pivot" }] : [],
    ),
};

export const nullLaw: Law = {
  name: "a masked path is covered by the host's /dev/null (R2)",
  check(plan) {
    const nulls = new Set(
      plan.build.filter(isKind("openPath")).flatMap(({ path, out }) => (path === "/dev/null" ? [out] : [])),
    );
    return plan.build
      .filter(isKind("mask"))
      .flatMap((op): Violation[] =>
        nulls.has(op.null) ? [] : [{ op, why: "its cover is not the host's /dev/null" }],
      );
  },
};

const KERNELS_OWN = /^(proc|sys|dev)(\/|$)/;

/** Where a path leads if none of its folders is a link: without `.`, `..` and needless slashes. */
const normalized = (path: string): string => absolutePath("/", path).slice(1);

/** R1, R5: below /proc, /sys and /dev nothing is followed. What is attached through another slot never follows. */
export const destinationLaw: Law = {
  name: "what is mounted under /proc, /sys and /dev goes onto a real folder or file (R1, R5)",
  check(plan) {
    const root = plan.build.find(isKind("pivot"))?.root;
    const placed = plan.build.filter((op) => op.kind === "attach" || op.kind === "remount");
    return placed.flatMap((op): Violation[] => {
      if (op.destination !== "in-root") return [];
      const path = normalized(op.path);
      if (op.root === root) {
        return KERNELS_OWN.test(path) ? [{ op, why: "it would follow links of the image" }] : [];
      }
      return path === "" ? [] : [{ op, why: "only the root's own paths follow links" }];
    });
  },
};

/** What is copied from an image is seen whole or not at all; and nothing can be written to what is read-only. */
export const copyLaw: Law = {
  name: "a tree is filled before it is attached or read-only",
  check(plan) {
    const closed = new Set<Slot>();
    return plan.build.flatMap((op): Violation[] => {
      if (op.kind === "attach") closed.add(op.tree);
      if (op.kind === "setTree" && (op.set & ATTRIBUTE_READ_ONLY) !== 0) closed.add(op.tree);
      if (op.kind === "fsMount" && (op.attributes & ATTRIBUTE_READ_ONLY) !== 0) closed.add(op.out);
      if (op.kind !== "copyUp" || !closed.has(op.tree)) return [];
      return [{ op, why: "its tree is attached, or read-only" }];
    });
  },
};

/**
 * mount_namespaces(7), "Shared subtrees": a clone of a shared mount is its peer, and what a container mounts below it
 * would be mounted on the host too. Clones of the child are made after setPropagation has cut off everything.
 */
export const peerLaw: Law = {
  name: "what the executor cloned has a propagation of its own before it is attached",
  check(plan, { firstSlot }) {
    const peers = new Set(
      plan.host.flatMap((op) => (op.kind === "cloneTree" || op.kind === "cloneTreeIn" ? [op.out] : [])),
    );
    for (let slot = 0; slot < firstSlot; slot++) peers.add(slot);
    return [...plan.host, ...plan.build].flatMap((op): Violation[] => {
      if (op.kind === "setTree" && op.propagation !== 0) peers.delete(op.tree);
      if (op.kind !== "attach" || !peers.has(op.tree)) return [];
      return [{ op, why: "it may be a peer of the host's mount" }];
    });
  },
};

/** R4: what is written is procfs's, not what an image has put in its place. */
export const procLaw: Law = {
  name: "procfs is written through a procfs of our own (R4)",
  check(plan) {
    const own = new Set<Slot>();
    for (const op of [...plan.host, ...plan.build]) {
      if (op.kind === "fsMount" && op.fstype === "proc") own.add(op.out);
      if (op.kind === "cloneTree" && op.root === undefined && op.path === "/proc") own.add(op.out);
    }
    const hosts = new Set(
      plan.host.filter(isKind("openPath")).flatMap(({ path, out }) => (path === "/proc" ? [out] : [])),
    );
    const writes = (ops: readonly Op[], proc: ReadonlySet<Slot>): Violation[] =>
      ops
        .filter(isKind("writeProc"))
        .flatMap((op) =>
          proc.has(op.proc) ? [] : [{ op, why: "its procfs is not one that was mounted for it" }],
        );
    const parents = [...plan.host, ...plan.clone, ...plan.map];
    return [...writes([...plan.build, ...plan.confine], own), ...writes(parents, hosts)];
  },
};

/** mount_setattr(2): EBUSY while a descriptor on the mount is open for writing. */
export const writableLaw: Law = {
  name: "no writable descriptor is open on a tree when it becomes read-only",
  check(plan) {
    const writable = new Map<Slot, Slot>();
    return plan.build.flatMap((op): Violation[] => {
      if (op.kind === "openBeneath" && op.use === "append") writable.set(op.root, op.out);
      if (op.kind !== "setTree" || (op.set & ATTRIBUTE_READ_ONLY) === 0) return [];
      const open = writable.get(op.tree);
      return open === undefined ? [] : [{ op, why: `slot ${open} is open for writing on it` }];
    });
  },
};

/** A new mount of cgroups that is not read-only, or a clone of one. */
function showsCgroups(op: Op, hierarchies: readonly string[]): op is OpOf<"fsMount"> | OpOf<"cloneTree"> {
  if (op.kind === "fsMount")
    return /^cgroup2?$/.test(op.fstype) && (op.attributes & ATTRIBUTE_READ_ONLY) === 0;
  if (op.kind !== "cloneTree" || op.root !== undefined) return false;
  const path = `/${normalized(op.path)}/`;
  return hierarchies.some((hierarchy) => path.startsWith(`${hierarchy}/`));
}

/** R21 (CVE-2023-25809). */
export const cgroupMountLaw: Law = {
  name: "a cgroup mount is read-only unless the cgroup namespace is the container's own (R21)",
  check(plan) {
    const hierarchies = [...plan.host, ...plan.map].flatMap((op) =>
      op.kind === "makeCgroup" || op.kind === "openCgroup" ? [op.hierarchy] : [],
    );
    const own =
      ((cloneOf(plan)?.flags ?? 0) & NEW.cgroup) !== 0 ||
      plan.build.some((op) => op.kind === "unshare" && (op.flags & NEW.cgroup) !== 0);
    const locked = new Set(
      plan.build
        .filter(isKind("setTree"))
        .flatMap(({ set, tree }) => (set & ATTRIBUTE_READ_ONLY ? [tree] : [])),
    );
    return plan.build.flatMap((op): Violation[] => {
      if (own || !showsCgroups(op, hierarchies) || locked.has(op.out)) return [];
      return [{ op, why: "the host's cgroups could be written to" }];
    });
  },
};
