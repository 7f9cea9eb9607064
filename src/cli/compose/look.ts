import { look } from "../../compose/act/look.ts";
import type { Actual } from "../../compose/converge/actual.ts";
import type { Project } from "../../compose/model/project.ts";
import type { App } from "./app.ts";

/** What the engine has; with a project, also how it differs from what the file asks for. */
export async function lookFor(app: App, project?: Project): Promise<Actual> {
  if (project === undefined) return look(app.client, await app.name());
  const { env } = await app.loaded();
  return look(app.client, project.name, { project, env });
}
