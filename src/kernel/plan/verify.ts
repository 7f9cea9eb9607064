import { InroError } from "../../oci/error.ts";
import { describe } from "./describe.ts";
import { cgroupGiftLaw, cgroupNamespaceLaw, limitLaw, ownJoinLaw } from "./laws/cgroups.ts";
import {
  birthLaw,
  coverOrderLaw,
  filterOrderLaw,
  groupsLaw,
  joinLaw,
  listenerLaw,
  parentLaw,
  privilegeLaw,
  programLaw,
  reaperLaw,
  schedulingLaw,
  userNamespaceLaw,
  workingDirectoryLaw,
} from "./laws/confine.ts";
import { enterLaw } from "./laws/enter.ts";
import { filterLaw } from "./laws/filter.ts";
import { hookMomentLaw, hookPlaceLaw, hookPrivilegeLaw } from "./laws/hooks.ts";
import type { Law, Surveyed } from "./laws/law.ts";
import {
  cgroupMountLaw,
  copyLaw,
  coverLaw,
  destinationLaw,
  foreignMountLaw,
  hostPathLaw,
  nullLaw,
  peerLaw,
  pivotLaw,
  procLaw,
  rootLaw,
  writableLaw,
} from "./laws/mounts.ts";
import { closeLaw, shapeLaw, streamLaw } from "./laws/shape.ts";
import { slotLaw } from "./laws/slots.ts";
import { pointLaw, syncLaw } from "./laws/sync.ts";
import type { Plan } from "./plan.ts";

/** Every law; docs/PLAN.md explains them in this order. */
export const laws: readonly Law[] = [
  shapeLaw,
  slotLaw,
  pointLaw,
  syncLaw,
  hostPathLaw,
  coverLaw,
  nullLaw,
  destinationLaw,
  procLaw,
  writableLaw,
  cgroupMountLaw,
  cgroupNamespaceLaw,
  ownJoinLaw,
  limitLaw,
  userNamespaceLaw,
  parentLaw,
  joinLaw,
  coverOrderLaw,
  filterOrderLaw,
  privilegeLaw,
  groupsLaw,
  workingDirectoryLaw,
  programLaw,
  reaperLaw,
  hookPlaceLaw,
  hookMomentLaw,
  hookPrivilegeLaw,
  streamLaw,
  closeLaw,
  filterLaw,
  pivotLaw,
  schedulingLaw,
  copyLaw,
  listenerLaw,
  birthLaw,
  peerLaw,
  cgroupGiftLaw,
  enterLaw,
  foreignMountLaw,
  rootLaw,
];

/** What the laws say against a plan, one line each; empty for a good one. Pure. */
export function violations(plan: Plan, surveyed: Surveyed = { firstSlot: 0 }): string[] {
  return laws.flatMap((law) =>
    law.check(plan, surveyed).map(({ op, why }) => {
      const what = op === undefined ? "" : `${op.because}: ${op.kind} (${describe(op)}): `;
      return `${what}${why} [${law.name}]`;
    }),
  );
}

/** Throws PLAN_UNSAFE for a plan that breaks a law. Runs on every plan before it is executed. */
export function verify(plan: Plan, surveyed: Surveyed = { firstSlot: 0 }): void {
  const [first, ...others] = violations(plan, surveyed);
  if (first === undefined) return;
  throw new InroError("PLAN_UNSAFE", {
    what: "the plan for this container breaks a law and is not executed",
    why: others.length === 0 ? first : `${first}; and ${others.length} more`,
  });
}
