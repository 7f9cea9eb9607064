import { type OneOff, oneOffName, oneOffService, oneOffSlug } from "../converge/one-off.ts";
import { groundSteps } from "../converge/up.ts";
import type { Project, Service } from "../model/project.ts";
import { createContainer } from "./create.ts";
import type { Hands } from "./hands.ts";
import { look } from "./look.ts";
import { runSteps } from "./run.ts";

export interface OneOffPlace {
  readonly name?: string;
  /** Answers to its service's name and its aliases, too. */
  readonly aliases: boolean;
  /** The engine removes it when it ends. */
  readonly remove: boolean;
}

/** Makes the container of `inro compose run`, and what it stands on: not started, so that whoever wants its output is there first. */
export async function createOneOff(
  hands: Hands & { readonly project: Project },
  service: Service,
  asked: OneOff,
  place: OneOffPlace,
  warn: (text: string) => void,
): Promise<{ readonly id: string; readonly name: string }> {
  const { project } = hands;
  const own = oneOffService(service, asked);
  const slug = oneOffSlug();
  const { name = oneOffName(project, service, slug), aliases, remove } = place;
  const actual = await look(hands.client, project.name, { project, env: hands.env });
  const { steps, warnings } = groundSteps(project, actual, own);
  for (const text of warnings) warn(text);
  await runSteps(hands, steps, { tell: () => {} });
  const id = await createContainer(
    hands,
    { project, service: own, number: 1, name, oneOff: { name, slug, aliases, remove } },
    warn,
  );
  return { id, name };
}
