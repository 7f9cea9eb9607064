import { momentOf } from "./clock.ts";
import type { Filters } from "./engine.ts";
import { matchesLabel } from "./event-filter.ts";
import { checkFilters } from "./look/list.ts";

/** What `prune` looks at. */
export interface Prunable {
  readonly labels: Readonly<Record<string, string>>;
  /** RFC 3339. */
  readonly created: string;
}

/** Docker's filters of `prune`, which must all hold. Throws INVALID_FILTER. */
export function pruneFilter(filters: Filters): (thing: Prunable) => boolean {
  checkFilters(filters, ["label", "label!", "until"]);
  const until = filters["until"]?.[0];
  const limit = until === undefined ? Number.POSITIVE_INFINITY : momentOf(until);
  return ({ labels, created }) =>
    Date.parse(created) < limit &&
    (filters["label"] ?? []).every((wanted) => matchesLabel(labels, wanted)) &&
    !(filters["label!"] ?? []).some((wanted) => matchesLabel(labels, wanted));
}
