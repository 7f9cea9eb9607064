/** Pulls and builds what services are made of, before their containers are looked at. */
import type { Actual } from "../../../compose/converge/actual.ts";
import type { Project } from "../../../compose/model/project.ts";
import type { App } from "../app.ts";
import { lookFor } from "../look.ts";
import { perform } from "../perform.ts";
import type { Shown } from "../progress/show.ts";

export interface ImagesAsked {
  readonly build: boolean;
  readonly "no-build": boolean;
  readonly pull: string | undefined;
  readonly "quiet-pull": boolean;
}

export interface Bringing {
  readonly services: readonly string[];
  readonly dependencies: boolean;
  readonly options: ImagesAsked;
  readonly signal?: AbortSignal;
  readonly drawn?: (view: Shown | undefined) => void;
}

/** Answers what the engine has, with the images that were brought. */
export async function bringImages(
  app: App,
  project: Project,
  bringing: Bringing,
): Promise<{ readonly actual: Actual }> {
  const { services, dependencies, options, signal, drawn } = bringing;
  const { imageSteps } = await import("../../../compose/converge/images.ts");
  const actual = await lookFor(app, project);
  const { pull } = options;
  const build = options.build || pull === "build" ? "always" : options["no-build"] ? "never" : "missing";
  const asked = { services, dependencies, build, ...(pull === undefined ? {} : { pull }) } as const;
  const steps = imageSteps(project, actual, asked, Date.now());
  if (steps.length === 0) return { actual };
  await perform(app, {
    ...{ project, verb: "images", images: { quiet: options["quiet-pull"] } },
    plan: { steps, warnings: [] },
    ...(signal === undefined ? {} : { signal }),
    ...(drawn === undefined ? {} : { drawn }),
  });
  return { actual: app.options["dry-run"] ? actual : await lookFor(app, project) };
}
