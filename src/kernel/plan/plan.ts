import type { Act } from "./act.ts";
import type { Op } from "./operations.ts";

/** What sets one container up: every act's operations in their order. A list, not a language. */
export type Plan = { readonly [A in Act]: readonly Op[] };

/** A plan without operations, to be spread over. */
export const emptyPlan: Plan = { host: [], clone: [], map: [], build: [], confine: [], become: [], undo: [] };
