import { type OneOff, oneOffName, oneOffService, oneOffSlug } from "../converge/one-off.ts";
import type { Project, Service } from "../model/project.ts";
import { createContainer } from "./create.ts";
import type { Hands } from "./hands.ts";

export interface OneOffPlace {
  readonly name?: string;
  /** Answers to its service's name and its aliases, too. */
  readonly aliases: boolean;
}

/** Makes the container of `inro compose run`: not started, so that whoever wants its output is there first. */
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
  const { name = oneOffName(project, service, slug), aliases } = place;
  const id = await createContainer(
    hands,
    { project, service: own, number: 1, name, oneOff: { name, slug, aliases } },
    warn,
  );
  return { id, name };
}
