import { InroError } from "../../oci/error.ts";
import type { Project, Service } from "../model/project.ts";
import type { Actual, Found } from "./actual.ts";
import { containerSteps, leave } from "./containers.ts";
import { diverged } from "./diverged.ts";
import { draft } from "./draft.ts";
import { uses } from "./files.ts";
import type { UpOptions } from "./options.ts";
import type { Peers } from "./resolve.ts";
import { changes } from "./resources.ts";
import { select } from "./select.ts";
import { type Assessment, assess, countOf, type Slot } from "./slots.ts";
import type { Plan } from "./step.ts";

/**
 * What makes an engine have what a project asks for; images are there by then. COMPOSE_EXTERNAL, COMPOSE_INVALID,
 * COMPOSE_NAME_TAKEN, COMPOSE_NO_SERVICE, COMPOSE_VOLUME_DIFFERS.
 */
export function upSteps(project: Project, actual: Actual, options: UpOptions): Plan {
  const { dependencies, recreate, recreateDependencies, scale } = options;
  const selected = select(project, options.services, { dependencies });
  const named = new Set(options.services.length === 0 ? project.services.keys() : options.services);
  const policy = ({ name }: Service) => (named.has(name) ? recreate : recreateDependencies);
  for (const service of selected) uses(project, service);

  const orphans = actual.containers.filter((found) => isOrphan(project, found));
  const goes = (found: Found) => {
    if (orphans.includes(found)) return options.orphans === "remove";
    const service = found.oneOff ? undefined : selected.find(({ name }) => name === found.service);
    return service !== undefined && policy(service) !== "never";
  };
  const changed = changes(project, actual, selected, goes);

  const assessed = new Map<string, Assessment>();
  const peers: Peers = (name) => {
    const slots = assessed.get(name)?.slots;
    if (slots === undefined) return peersThere(actual, name);
    return slots.map(({ kept, ...slot }) => ({
      id: kept?.id ?? "",
      name: slot.name,
      service: name,
      number: slot.number,
    }));
  };
  for (const service of selected) {
    const judge = {
      project,
      actual,
      peers,
      networks: changed.networks,
      policy: policy(service),
    };
    const assessment = assess(service, {
      project,
      actual,
      count: countOf(service, scale),
      diverged: (found) => diverged(service, found, judge),
      renew: options.renewVolumes,
    });
    assessed.set(service.name, assessment);
  }
  const assessments = [...assessed.values()];
  const slots = assessments.flatMap((each) => each.slots);
  for (const slot of slots) expectFreeName(actual, slot);

  const drafted = draft();
  const surplus = assessments
    .flatMap((each) => each.surplus)
    .map((found) => ({ found, why: "there are more than asked for" }));
  const strays = options.orphans === "remove" ? orphans : [];
  containerSteps(drafted, {
    project,
    options,
    selected,
    changed,
    slots,
    leaving: [...surplus, ...strays.map((found) => ({ found, why: STRAY }))],
  });
  return { steps: drafted.steps(), warnings: [...changed.warnings, ...orphanWarning(orphans, options)] };
}

/** Takes away what is left of services that the file does not have any more, and nothing else. */
export function orphanSteps(project: Project, actual: Actual): Plan {
  const drafted = draft();
  for (const found of actual.containers) if (isOrphan(project, found)) leave(drafted, found, STRAY, {});
  return { steps: drafted.steps(), warnings: [] };
}

const STRAY = "its service is not in the file";

/** What a container of a service stands on, where it is missing: networks and volumes. */
export function groundSteps(project: Project, actual: Actual, service: Service): Plan {
  const changed = changes(project, actual, [service], () => false);
  const drafted = draft();
  for (const { key, name, why } of changed.networks) drafted.add({ kind: "create network", key, name }, why);
  for (const { key, name, why } of changed.volumes) drafted.add({ kind: "create volume", key, name }, why);
  return { steps: drafted.steps(), warnings: changed.warnings };
}

export const peersThere = (actual: Actual, service: string) =>
  actual.containers
    .filter((found) => found.service === service && !found.oneOff)
    .sort((a, b) => a.number - b.number);

/** Of a service that the file does not have any more; or a single run that is over. */
export function isOrphan(project: Project, { service, oneOff, state }: Found): boolean {
  if (oneOff) return state === "exited" || state === "dead";
  return !project.services.has(service) && !project.disabled.has(service);
}

function orphanWarning(orphans: readonly Found[], options: UpOptions): readonly string[] {
  const gone = orphans.filter(({ oneOff }) => !oneOff);
  if (options.orphans !== "warn" || gone.length === 0) return [];
  const names = gone.map(({ name }) => name).join(", ");
  return [
    `the project has containers of services that are not in its file: ${names} (--remove-orphans removes them)`,
  ];
}

function expectFreeName({ strangers }: Actual, { made, name }: Slot): void {
  const owner = strangers.get(name);
  if (made === undefined || owner === undefined) return;
  throw new InroError("COMPOSE_NAME_TAKEN", {
    what: `cannot make the container "${name}"`,
    why: `a container of this name is there already, and belongs to ${owner}`,
    hint: `rename or remove it, or say another container_name`,
  });
}
