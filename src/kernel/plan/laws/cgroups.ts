import type { Op } from "../operations.ts";
import type { Plan } from "../plan.ts";
import { cloneOf, isKind, type Law, NEW, type Violation } from "./law.ts";

/** The points that the parent releases after the child was moved for the last time. */
function pointsAfterJoin(plan: Plan): ReadonlySet<number> {
  const joins = (op: Op): boolean => op.kind === "joinCgroup" && op.who === "child";
  const last = plan.map.findLastIndex(joins);
  return new Set(plan.map.slice(last + 1).flatMap((op) => (op.kind === "release" ? [op.point] : [])));
}

/** KERNEL.md, "cgroups": a child that is moved after the clone sees its cgroup's path instead of `/`. */
export const cgroupNamespaceLaw: Law = {
  name: "the cgroup namespace comes after the last cgroup is joined",
  check(plan) {
    const joins = plan.map.some((op) => op.kind === "joinCgroup" && op.who === "child");
    if (!joins) return [];
    const clone = cloneOf(plan);
    const early: Violation[] =
      clone !== undefined && (clone.flags & NEW.cgroup) !== 0
        ? [{ op: clone, why: "the child is moved into cgroups after it" }]
        : [];
    const good = pointsAfterJoin(plan);
    let waited = false;
    const unshared = plan.build.flatMap((op): Violation[] => {
      if (op.kind === "await" && good.has(op.point)) waited = true;
      if (op.kind !== "unshare" || (op.flags & NEW.cgroup) === 0 || waited) return [];
      return [{ op, why: "it does not wait for the last hierarchy" }];
    });
    return [...early, ...unshared];
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
