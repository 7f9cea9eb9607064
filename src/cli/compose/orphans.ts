import { draft } from "../../compose/converge/draft.ts";
import { isOrphan } from "../../compose/converge/up.ts";
import type { App } from "./app.ts";
import { runs } from "./members.ts";
import { change } from "./state.ts";

/** Removes containers of services that the file does not have. */
export async function removeOrphans(app: App): Promise<void> {
  await change(app, [], "orphans", ({ project, actual }) => {
    const drafted = draft();
    const why = "its service is not in the file";
    for (const found of actual.containers.filter((one) => isOrphan(project, one))) {
      const common = { service: found.service, container: found.name };
      const after = runs(found) ? [drafted.add({ kind: "stop", ...common }, why)] : [];
      drafted.add({ kind: "remove", ...common, volumes: false }, why, after);
    }
    return drafted.steps();
  });
}
