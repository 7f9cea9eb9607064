import { imagesOf, look } from "../../compose/act/look.ts";
import type { DownOptions } from "../../compose/converge/down.ts";
import { err } from "../terminal/output.ts";
import type { App } from "./app.ts";
import { perform } from "./perform.ts";

const DOWN: DownOptions = { services: [], volumes: false, images: "none", orphans: false };

/** Takes the application away. */
export async function takeDown(app: App, asked: Partial<DownOptions>): Promise<void> {
  const { downSteps } = await import("../../compose/converge/down.ts");
  const options = { ...DOWN, ...asked };
  const project = await app.projectIfAny(asked.services);
  const name = await app.name();
  const found = await look(app.client, name);
  const brings = project !== undefined && options.images !== "none";
  const images = brings ? await imagesOf(app.client, project) : found.images;
  const plan = downSteps(name, project, { ...found, images }, options);
  if (plan.steps.length === 0 && project === undefined)
    err(`Warning: No resource found to remove for project "${name}".\n`);
  await perform(app, { project, plan, verb: "down" });
}
