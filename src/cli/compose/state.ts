/** An application as its file and the engine have it. */
import type { Actual } from "../../compose/converge/actual.ts";
import type { Step } from "../../compose/converge/step.ts";
import type { Project, Service } from "../../compose/model/project.ts";
import { type App, refuseUnknown } from "./app.ts";
import { lookFor } from "./look.ts";
import { perform } from "./perform.ts";

export interface State {
  readonly project: Project;
  /** The project again, where a file says it. */
  readonly file: Project | undefined;
  readonly actual: Actual;
}

/** Where the line names an application and no file, its containers tell what it is. */
export async function stateOf(app: App, services: readonly string[] = []): Promise<State> {
  const project = await app.projectIfAny(services);
  if (project !== undefined) return { project, file: project, actual: await lookFor(app) };
  const name = await app.name();
  const actual = await lookFor(app);
  const known = asContainersTell(name, actual);
  for (const service of services) refuseUnknown(service, new Set(known.services.keys()));
  return { project: known, file: undefined, actual };
}

function asContainersTell(name: string, { containers }: Actual): Project {
  const services = new Map<string, Service>();
  for (const { service, dependsOn } of containers) {
    const depends = Object.entries(dependsOn).map(([other, restart]) => [
      other,
      { condition: "service_started", required: false, restart },
    ]);
    services.set(service, {
      ...{ name: service, command: null, entrypoint: null, environment: {} },
      depends_on: Object.fromEntries(depends),
    });
  }
  const none = new Map<never, never>();
  return {
    ...{ name, workingDir: process.cwd(), files: [], profiles: [], services, disabled: none },
    ...{ networks: none, volumes: none, secrets: none, configs: none, models: none, warnings: [] },
  };
}

/** Does what `find` finds; answers the steps. */
export async function change(
  app: App,
  services: readonly string[],
  verb: string,
  find: (state: State) => readonly Step[],
): Promise<readonly Step[]> {
  const state = await stateOf(app, services);
  const steps = find(state);
  await perform(app, { project: state.file, verb, plan: { steps, warnings: [] } });
  return steps;
}
