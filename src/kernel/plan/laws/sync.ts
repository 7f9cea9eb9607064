import type { Op } from "../operations.ts";
import { isKind, type Law, type Violation } from "./law.ts";

interface Side {
  readonly ops: readonly Op[];
  at: number;
  readonly released: Set<number>;
}

/** Runs as far as it comes; whether it moved. */
function advance(side: Side, other: Side): boolean {
  const from = side.at;
  for (; side.at < side.ops.length; side.at++) {
    const op = side.ops[side.at] as Op;
    if (op.kind === "release") side.released.add(op.point);
    if (op.kind === "await" && !other.released.has(op.point)) break;
  }
  return side.at > from;
}

/** Both sides are run against each other: whoever stands still when nothing moves any more would wait for ever. */
export const syncLaw: Law = {
  name: "every await is released by the other side",
  check(plan) {
    const parent: Side = { ops: plan.map, at: 0, released: new Set() };
    const child: Side = { ops: [...plan.build, ...plan.confine], at: 0, released: new Set() };
    for (let moved = true; moved; ) moved = [advance(parent, child), advance(child, parent)].includes(true);
    return [parent, child].flatMap(({ ops, at }): Violation[] => {
      const op = ops[at];
      return op === undefined ? [] : [{ op, why: "nobody releases it in time" }];
    });
  },
};

export const pointLaw: Law = {
  name: "a sync point is released once and lies below 32",
  check(plan) {
    const seen = new Set<number>();
    return [...plan.map, ...plan.build, ...plan.confine]
      .filter(isKind("release"))
      .flatMap((op): Violation[] => {
        const wrong = op.point >= 32 || seen.has(op.point);
        seen.add(op.point);
        return wrong ? [{ op, why: `point ${op.point} is not a point of its own` }] : [];
      });
  },
};
