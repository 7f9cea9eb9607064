import type { Op } from "./operations.ts";

/**
 * Operations that another room adds to a plan, the network's above all. A fragment defines and uses no slots of
 * others; its `undo` needs nothing but itself, since a fresh executor may have to run it.
 */
export interface PlanFragment {
  readonly host: readonly Op[];
  readonly map: readonly Op[];
  readonly build: readonly Op[];
  readonly undo: readonly Op[];
}

export const emptyFragment: PlanFragment = { host: [], map: [], build: [], undo: [] };
