import type { Op } from "../operations.ts";
import type { Plan } from "../plan.ts";
import { cloneOf, isKind, type Law, NEW, type Violation } from "./law.ts";

/** The points that the parent releases after the child was moved for the last time. */
function pointsAfterJoin(plan: Plan): ReadonlySet<number> {
  const joins = (op: Op): boolean => op.kind === "joinCgroup" && op.who === "child";
  const last = plan.map.findLastIndex(joins);
  return new Set(plan.map.slice(last + 1).flatMap((op) => (op.kind === "release" ? [op.point] : [])));
}

const moves = (plan: Plan): boolean =>
  plan.map.some((op) => op.kind === "joinCgroup" && op.who === "child") ||
  plan.build.some(isKind("joinCgroup"));

/** KERNEL.md, "cgroups": a child that is moved after the clone sees its cgroup's path instead of `/`. */
export const cgroupNamespaceLaw: Law = {
  name: "the cgroup namespace comes after the last cgroup is joined",
  check(plan) {
    if (!moves(plan)) return [];
    const clone = cloneOf(plan);
    const early: Violation[] =
      clone !== undefined && (clone.flags & NEW.cgroup) !== 0
        ? [{ op: clone, why: "the child is moved into cgroups after it" }]
        : [];
    const good = pointsAfterJoin(plan);
    const last = plan.build.findLastIndex(isKind("joinCgroup"));
    let waited = !plan.map.some((op) => op.kind === "joinCgroup" && op.who === "child");
    const unshared = plan.build.flatMap((op, at): Violation[] => {
      if (op.kind === "await" && good.has(op.point)) waited = true;
      if (op.kind !== "unshare" || (op.flags & NEW.cgroup) === 0 || (waited && at > last)) return [];
      return [{ op, why: "it does not wait for the last hierarchy" }];
    });
    return [...early, ...unshared];
  },
};

/** R14: no folder of the host's is open in a process that enters a container. */
export const ownJoinLaw: Law = {
  name: "a child joins its cgroups itself, and before it joins namespaces or leaves the host's root (R14)",
  check(plan) {
    const enters = plan.build.findIndex(
      (op) => op.kind === "joinNamespace" || op.kind === "pivot" || op.kind === "chroot",
    );
    return plan.build.flatMap((op, at): Violation[] => {
      if (op.kind !== "joinCgroup") return [];
      if (op.who !== "self") return [{ op, why: "it has no child" }];
      return enters >= 0 && at > enters ? [{ op, why: "it holds a folder of the host's until then" }] : [];
    });
  },
};

/** Nothing runs before its limits hold. */
export const limitLaw: Law = {
  name: "the program starts after its cgroups are joined",
  check(plan) {
    const last = plan.map.filter(isKind("joinCgroup")).findLast(({ who }) => who === "child");
    if (last === undefined) return [];
    const good = pointsAfterJoin(plan);
    const waits = [...plan.build, ...plan.confine].some((op) => op.kind === "await" && good.has(op.point));
    return waits ? [] : [{ op: last, why: "the child does not wait for it" }];
  },
};

/**
 * config-linux.md, "Cgroup ownership": not without a cgroup namespace of the container's own, in which its user sees
 * nothing above it. And a fresh cgroup has no filter whose place another could take.
 */
export const cgroupGiftLaw: Law = {
  name: "a cgroup is given only to a container with a cgroup namespace of its own, with the filter that it has",
  check(plan) {
    const own =
      ((cloneOf(plan)?.flags ?? 0) & NEW.cgroup) !== 0 ||
      plan.build.some((op) => op.kind === "unshare" && (op.flags & NEW.cgroup) !== 0);
    return plan.host.flatMap((op): Violation[] => {
      if (op.kind === "ownCgroup" && !own) return [{ op, why: "its user sees the host's cgroups" }];
      return op.kind === "replaceDeviceFilter" ? [{ op, why: "a plan has nothing to replace" }] : [];
    });
  },
};
