import { type ImageOptions, imageSteps } from "../converge/images.ts";
import type { UpOptions } from "../converge/options.ts";
import type { Plan } from "../converge/step.ts";
import { upSteps } from "../converge/up.ts";
import type { Project } from "../model/project.ts";
import type { Hands } from "./hands.ts";
import { look } from "./look.ts";
import { type RunOptions, runSteps } from "./run.ts";

export interface Up {
  readonly up: UpOptions;
  readonly images: Pick<ImageOptions, "pull" | "build">;
  readonly run: RunOptions;
}

/** Brings images, looks, and does what is to be done. Answers that; with `dryRun` it is only told, as far as it is known. */
export async function converge(
  hands: Hands & { readonly project: Project },
  { up, images, run }: Up,
  dryRun = false,
): Promise<Plan> {
  const { client, project, env } = hands;
  const wanted = { project, env };
  const lookAgain = () => look(client, project.name, wanted);
  let actual = await lookAgain();
  const { services, dependencies } = up;
  const bringing = imageSteps(project, actual, { ...images, services, dependencies }, Date.now());
  if (bringing.length > 0 && !dryRun) {
    await runSteps(hands, bringing, run);
    actual = await lookAgain();
  }
  const plan = upSteps(project, actual, up);
  for (const text of plan.warnings) run.tell({ kind: "warning", text });
  if (!dryRun) await runSteps(hands, plan.steps, run);
  return { steps: [...bringing, ...plan.steps], warnings: plan.warnings };
}
