import type { Project } from "../model/project.ts";
import type { Actual, Found } from "./actual.ts";
import { draft } from "./draft.ts";
import { imageName, label } from "./labels.ts";
import { serviceNamed } from "./select.ts";
import { runs } from "./slots.ts";
import type { Plan } from "./step.ts";
import { isOrphan } from "./up.ts";

export interface DownOptions {
  /** None: all, with the networks. */
  readonly services: readonly string[];
  /** With the volumes: those of the file, and those without a name. */
  readonly volumes: boolean;
  /** `local`: those that have no name of their own. */
  readonly images: "none" | "local" | "all";
  readonly orphans: boolean;
  /** Seconds. */
  readonly timeout?: number;
}

/** Takes a project away. Without its file (undefined) all that is labelled as `name`'s counts as its own. */
export function downSteps(
  name: string,
  project: Project | undefined,
  actual: Actual,
  options: DownOptions,
): Plan {
  const { services, timeout } = options;
  if (project !== undefined) for (const each of services) serviceNamed(project, each);
  const goes = (found: Found): boolean => {
    if (services.length > 0) return !found.oneOff && services.includes(found.service);
    if (project === undefined) return options.orphans || !found.oneOff;
    if (found.oneOff || isOrphan(project, found)) return options.orphans;
    return project.services.has(found.service);
  };
  const going = actual.containers.filter(goes);
  const stays = actual.containers.filter((found) => !goes(found));
  const drafted = draft();
  const dependents = dependentsOf(project, going);
  for (const found of going) {
    const common = { service: found.service, container: found.name };
    const why = found.oneOff ? "it is a run of its own" : "the project goes";
    const after = dependents(found).map((each) => `remove ${each.name}`);
    const stop = runs(found)
      ? [drafted.add({ kind: "stop", ...common, ...(timeout === undefined ? {} : { timeout }) }, why, after)]
      : after;
    drafted.add({ kind: "remove", ...common, ...volumesOf(found, project, options) }, why, stop);
  }
  if (services.length > 0) return { steps: drafted.steps(), warnings: [] };

  const removed = (uses: (found: Found) => boolean) =>
    going.filter(uses).map((found) => `remove ${found.name}`);
  const warnings: string[] = [];
  const inUse = (kind: string, what: string, users: readonly Found[]) =>
    warnings.push(`the ${kind} "${what}" stays: ${users.map((found) => found.name).join(", ")} still has it`);
  for (const network of actual.networks.values()) {
    if (network.labels[label.project] !== name) continue;
    const isOn = (found: Found) => found.networks[network.name] !== undefined;
    const users = stays.filter(isOn);
    if (users.length > 0) inUse("network", network.name, users);
    else
      drafted.add(
        { kind: "remove network", name: network.name, disconnect: [] },
        "the project goes",
        removed(isOn),
      );
  }
  if (options.volumes)
    for (const volume of actual.volumes.values()) {
      if (volume.labels[label.project] !== name) continue;
      const key = volume.labels[label.volume] ?? "";
      const declared = project?.volumes.get(key);
      if (project !== undefined && (declared === undefined || declared.external)) continue;
      const uses = (found: Found) => found.volumes.includes(volume.name);
      const users = stays.filter(uses);
      if (users.length > 0) inUse("volume", volume.name, users);
      else drafted.add({ kind: "remove volume", name: volume.name }, "--volumes", removed(uses));
    }
  for (const image of imagesOf(project, actual, going, options))
    drafted.add(
      { kind: "remove image", name: image },
      "--rmi",
      removed(() => true),
    );
  return { steps: drafted.steps(), warnings };
}

/** What goes with a container. A volume that the file names is the file's, however it is called. */
export function volumesOf(
  { anonymous }: Found,
  project: Project | undefined,
  { volumes }: { readonly volumes: boolean },
): { readonly volumes: boolean; readonly inherited?: readonly string[] } {
  if (!volumes || project === undefined) return { volumes };
  const named = new Set([...project.volumes.values()].map(({ name }) => name));
  const inherited = Object.values(anonymous).filter((name) => !named.has(name));
  return inherited.length === 0 ? { volumes } : { volumes, inherited };
}

/** Containers that go before one: of services that depend on its own. */
function dependentsOf(
  project: Project | undefined,
  going: readonly Found[],
): (found: Found) => readonly Found[] {
  const depends = ({ service, dependsOn }: Found): readonly string[] => {
    const known = project?.services.get(service);
    return Object.keys(known === undefined ? dependsOn : (known.depends_on ?? {}));
  };
  // A service that is not in the file says itself what it depended on: together that need not be without cycles.
  const isKnown = ({ service }: Found) => project === undefined || project.services.has(service);
  const goesBefore = (first: Found, then: Found) => reaches(then.service, first.service, new Set());
  const by = Map.groupBy(
    going.filter((found) => !found.oneOff && isKnown(found)),
    ({ service }) => service,
  );
  const reaches = (from: string, to: string, seen: Set<string>): boolean =>
    [...(by.get(from)?.[0] === undefined ? [] : depends(by.get(from)?.[0] as Found))].some((name) => {
      if (name === to) return true;
      if (seen.has(name)) return false;
      seen.add(name);
      return reaches(name, to, seen);
    });
  return (found) => {
    if (found.oneOff || !isKnown(found)) return [];
    return going.filter(
      (each) =>
        !each.oneOff && isKnown(each) && depends(each).includes(found.service) && !goesBefore(each, found),
    );
  };
}

function imagesOf(
  project: Project | undefined,
  actual: Actual,
  going: readonly Found[],
  { images }: DownOptions,
): readonly string[] {
  if (images === "none") return [];
  if (project === undefined) return images === "all" ? [...new Set(going.map(({ image }) => image))] : [];
  const names = [...project.services.values()]
    .filter(({ image }) => images === "all" || image === undefined)
    .map((service) => imageName(project, service));
  return [...new Set(names)].filter((image) => actual.images.has(image));
}
