/** `stop`, `start`, `restart`, `kill`, `pause`, `unpause` and `rm`: of containers that are there. */
import { InroError } from "../../oci/error.ts";
import { dependenciesOf } from "../model/order.ts";
import type { Project, Service } from "../model/project.ts";
import type { Actual, Found } from "./actual.ts";
import { volumesOf } from "./down.ts";
import { type Draft, draft } from "./draft.ts";
import { select } from "./select.ts";
import { runs } from "./slots.ts";
import type { Step } from "./step.ts";

export interface LifeOptions {
  /** None: all that are on. */
  readonly services: readonly string[];
  /** Seconds. */
  readonly timeout?: number;
}

type Visit = (drafted: Draft, service: Service, found: readonly Found[]) => void;

/** Each service with its containers, by number. */
function each(project: Project, actual: Actual, { services }: LifeOptions, visit: Visit): readonly Step[] {
  const drafted = draft();
  for (const service of select(project, services, { dependencies: false }))
    visit(drafted, service, containersOf(actual, service.name));
  return drafted.steps();
}

const containersOf = (actual: Actual, service: string): readonly Found[] =>
  actual.containers
    .filter((found) => found.service === service && !found.oneOff)
    .sort((a, b) => a.number - b.number);

const seconds = ({ timeout }: LifeOptions) => (timeout === undefined ? {} : { timeout });

const about = ({ service, name }: Found) => ({ service, container: name });

const WHY = "it was asked for";

/** Those that depend on others stop before them. */
export function stopSteps(project: Project, actual: Actual, options: LifeOptions): readonly Step[] {
  return each(project, actual, options, (drafted, service, found) => {
    const dependents = [...project.services.values()].filter((other) =>
      dependenciesOf(other, project.services).includes(service.name),
    );
    const after = dependents.flatMap(({ name }) =>
      containersOf(actual, name).map((other) => `stop ${other.name}`),
    );
    for (const one of found.filter(runs))
      drafted.add({ kind: "stop", ...about(one), ...seconds(options) }, WHY, after);
  });
}

/** With what they depend on, as compose v2 does. COMPOSE_NO_CONTAINER: a service that was named has none. */
export function startSteps(
  project: Project,
  actual: Actual,
  options: LifeOptions & { readonly wait?: boolean; readonly waitTimeout?: number },
): readonly Step[] {
  const services = select(project, options.services, { dependencies: true }).map(({ name }) => name);
  return each(project, actual, { services }, (drafted, service, found) => {
    if (found.length === 0 && options.services.includes(service.name))
      throw noContainer(service.name, "start");
    const after = found.some((one) => !runs(one)) ? met(drafted, project, actual, service) : [];
    for (const one of found) {
      if (one.state === "paused") drafted.add({ kind: "unpause", ...about(one) }, "it is paused");
      else if (!runs(one)) drafted.add({ kind: "start", ...about(one) }, WHY, after);
    }
    if (options.wait !== true || found.length === 0) return;
    drafted.add(
      {
        kind: "wait",
        service: service.name,
        containers: found.map(({ name }) => name),
        condition: "ready",
        required: true,
        ...(options.waitTimeout === undefined ? {} : { timeout: options.waitTimeout }),
      },
      "--wait",
      found.map(({ name }) => `start ${name}`),
    );
  });
}

/** The steps after which what a service depends on is as it has to be. */
function met(drafted: Draft, project: Project, actual: Actual, service: Service): readonly string[] {
  return Object.entries(service.depends_on ?? {}).flatMap(([name, { condition, required }]) => {
    const theirs = containersOf(actual, name);
    const begun = theirs.flatMap((one) => [`start ${one.name}`, `unpause ${one.name}`]);
    if (condition === "service_started" || theirs.length === 0 || !project.services.has(name)) return begun;
    const containers = theirs.map((one) => one.name);
    const wait = { kind: "wait", service: name, containers, condition, required } as const;
    return [drafted.add(wait, `"${service.name}" depends on it`, begun)];
  });
}

/** With those that say that they restart with what they depend on; `dependencies: false`: without. */
export function restartSteps(
  project: Project,
  actual: Actual,
  options: LifeOptions & { readonly dependencies: boolean },
): readonly Step[] {
  const named = select(project, options.services, { dependencies: false }).map(({ name }) => name);
  const chosen = new Set(named);
  if (options.dependencies)
    for (const service of project.services.values())
      if (named.some((name) => service.depends_on?.[name]?.restart === true)) chosen.add(service.name);
  return each(project, actual, { ...options, services: [...chosen] }, (drafted, service, found) => {
    const after = dependenciesOf(service, project.services).flatMap((name) =>
      containersOf(actual, name).map((other) => `restart ${other.name}`),
    );
    const why = named.includes(service.name) ? WHY : "what it depends on restarts";
    for (const one of found) drafted.add({ kind: "restart", ...about(one), ...seconds(options) }, why, after);
  });
}

export const killSteps = (
  project: Project,
  actual: Actual,
  options: LifeOptions & { readonly signal: string },
): readonly Step[] =>
  each(project, actual, options, (drafted, _service, found) => {
    for (const one of found.filter(runs))
      drafted.add({ kind: "kill", ...about(one), signal: options.signal }, WHY);
  });

export const pauseSteps = (project: Project, actual: Actual, options: LifeOptions): readonly Step[] =>
  each(project, actual, options, (drafted, _service, found) => {
    for (const one of found.filter(({ state }) => state === "running"))
      drafted.add({ kind: "pause", ...about(one) }, WHY);
  });

export const unpauseSteps = (project: Project, actual: Actual, options: LifeOptions): readonly Step[] =>
  each(project, actual, options, (drafted, _service, found) => {
    for (const one of found.filter(({ state }) => state === "paused"))
      drafted.add({ kind: "unpause", ...about(one) }, WHY);
  });

/** `stop`: those that run, too; else they stay. */
export const removeSteps = (
  project: Project,
  actual: Actual,
  options: LifeOptions & { readonly stop: boolean; readonly volumes: boolean },
): readonly Step[] =>
  each(project, actual, options, (drafted, service, found) => {
    const singles = actual.containers.filter((one) => one.oneOff && one.service === service.name);
    for (const one of [...found, ...singles]) {
      if (runs(one) && !options.stop) continue;
      const stop = runs(one) ? [drafted.add({ kind: "stop", ...about(one), ...seconds(options) }, WHY)] : [];
      drafted.add({ kind: "remove", ...about(one), ...volumesOf(one, project, options) }, WHY, stop);
    }
  });

function noContainer(service: string, verb: string): InroError {
  return new InroError("COMPOSE_NO_CONTAINER", {
    what: `cannot ${verb} the service "${service}"`,
    why: "it has no container",
    hint: `inro compose up ${service}`,
  });
}
