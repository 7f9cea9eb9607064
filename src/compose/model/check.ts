/** What in a project cannot be, although each of its values can. */
import { consistent } from "./consistent.ts";
import type { Check } from "./place.ts";
import { portClashes } from "./port-clash.ts";
import { references } from "./reference.ts";

/** The first that is wrong is told; in this order. */
export const check: Check = (project, places) => {
  for (const one of [...references, ...consistent, portClashes]) one(project, places);
};
