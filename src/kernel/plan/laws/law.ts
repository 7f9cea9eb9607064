import type { Act } from "../act.ts";
import type { Kind, Op, OpOf } from "../operations.ts";
import type { Plan } from "../plan.ts";

/** An operation that breaks a law, and how. */
export interface Violation {
  readonly op: Op | undefined;
  readonly why: string;
}

/** Slots that batches before the plan have filled: detached trees below `firstSlot`. */
export interface Surveyed {
  readonly firstSlot: number;
  /** What those batches did. */
  readonly ops?: readonly Op[];
}

/** A law that every plan obeys. */
export interface Law {
  /** As SECURITY.md and KERNEL.md call it. */
  readonly name: string;
  readonly check: (plan: Plan, surveyed: Surveyed) => readonly Violation[];
}

export interface Placed {
  readonly act: Act;
  readonly op: Op;
}

const placed = (plan: Plan, acts: readonly Act[]): Placed[] =>
  acts.flatMap((act) => plan[act].map((op) => ({ act, op })));

/** What the executor does, in its order. */
export const parentSide = (plan: Plan): Placed[] => placed(plan, ["host", "clone", "map"]);

/** What the child does, in its order. */
export const childSide = (plan: Plan): Placed[] => placed(plan, ["build", "confine", "become"]);

export const isKind =
  <K extends Kind>(kind: K) =>
  (op: Op): op is Extract<Op, { readonly kind: K }> =>
    op.kind === kind;

/** The child's operations, without their acts. */
export const childOps = (plan: Plan): readonly Op[] => [...plan.build, ...plan.confine, ...plan.become];

export const cloneOf = (plan: Plan): OpOf<"clone"> | undefined => plan.clone.find(isKind("clone"));

// include/uapi/linux/sched.h
export const NEW = {
  mount: 0x00020000,
  cgroup: 0x02000000,
  user: 0x10000000,
  pid: 0x20000000,
  time: 0x80,
} as const;

export const ATTRIBUTE_READ_ONLY = 1;
