/** Images of several services side by side. */
import { NOTHING } from "../../../compose/converge/actual.ts";
import { draft } from "../../../compose/converge/draft.ts";
import { imageSteps } from "../../../compose/converge/images.ts";
import { imageName } from "../../../compose/converge/labels.ts";
import { select } from "../../../compose/converge/select.ts";
import type { Project } from "../../../compose/model/project.ts";
import type { App } from "../app.ts";
import { lookFor } from "../look.ts";
import { perform } from "../perform.ts";
import type { BuildAsked } from "./options.ts";

export interface Several {
  readonly services: readonly string[];
  /** With those that they depend on. */
  readonly dependencies: boolean;
  readonly quiet: boolean;
}

/** Of those that say how; those that they are built on come first. */
export async function buildImages(
  app: App,
  project: Project,
  { services, dependencies, quiet, asked }: Several & { readonly asked: BuildAsked },
): Promise<void> {
  const built = select(project, services, { dependencies })
    .filter(({ build }) => build !== undefined)
    .map(({ name }) => name);
  if (built.length === 0) return;
  const steps = imageSteps(
    project,
    NOTHING,
    { services: built, dependencies: false, build: "always" },
    Date.now(),
  ).filter(({ action }) => action.kind === "build");
  await perform(app, {
    ...{ project, verb: "build", images: { build: asked, quiet } },
    plan: { steps, warnings: [] },
  });
}

/** Each image once. */
export async function pullImages(
  app: App,
  project: Project,
  asked: Several & {
    readonly policy: "always" | "missing";
    readonly ignoreFailures: boolean;
    /** Those, too, that can be built. */
    readonly buildable: boolean;
  },
): Promise<void> {
  const actual = await lookFor(app, project);
  const drafted = draft();
  const seen = new Set<string>();
  for (const service of select(project, asked.services, asked)) {
    const { name, image, build, pull_policy: policy } = service;
    if (image === undefined || seen.has(image) || policy === "never" || policy === "build") continue;
    if (build !== undefined && !asked.buildable) continue;
    if ((asked.policy === "missing" || policy === "missing") && actual.images.has(image)) continue;
    seen.add(image);
    drafted.add({ kind: "pull", service: name, image: imageName(project, service) }, "it was asked for");
  }
  await perform(app, {
    ...{ project, verb: "pull" },
    images: { quiet: asked.quiet, ignoreFailures: asked.ignoreFailures },
    plan: { steps: drafted.steps(), warnings: [] },
  });
}

/** Of those that are built and have a name of their own. */
export async function pushImages(
  app: App,
  project: Project,
  asked: Several & { readonly ignoreFailures: boolean },
): Promise<void> {
  const drafted = draft();
  for (const { name, image, build } of select(project, asked.services, asked))
    if (image !== undefined && build !== undefined)
      drafted.add({ kind: "push", service: name, image }, "it was asked for");
  await perform(app, {
    ...{ project, verb: "push" },
    images: { quiet: asked.quiet, ignoreFailures: asked.ignoreFailures },
    plan: { steps: drafted.steps(), warnings: [] },
  });
}
