/** In which order services start and stop, and which of them others need. */
import type { Project, Service } from "./project.ts";

type Services = ReadonlyMap<string, Service>;

/** Those that are on and that a service depends on. */
export function dependenciesOf(service: Service, services: Services): readonly string[] {
  return Object.keys(service.depends_on ?? {}).filter((name) => services.has(name));
}

/** Each after all that it depends on; among what may come in any order, by name. */
export function startOrder(services: Services): readonly string[] {
  const begun = new Set<string>();
  const order: string[] = [];
  const visit = (name: string) => {
    const service = services.get(name);
    if (service === undefined || begun.has(name)) return;
    begun.add(name);
    dependenciesOf(service, services).forEach(visit);
    order.push(name);
  };
  [...services.keys()].sort().forEach(visit);
  return order;
}

/** Each before all that it depends on. */
export function stopOrder(services: Services): readonly string[] {
  return startOrder(services).toReversed();
}

/** Services that depend on each other in a circle, the first one also last; undefined where there are none. */
export function cycleOf(services: Services): readonly string[] | undefined {
  const done = new Set<string>();
  // In the order in which they were come to.
  const above = new Set<string>();
  const visit = (name: string): readonly string[] | undefined => {
    if (above.has(name)) return [...[...above].slice([...above].indexOf(name)), name];
    const service = services.get(name);
    if (service === undefined || done.has(name)) return undefined;
    above.add(name);
    for (const needed of Object.keys(service.depends_on ?? {})) {
      const found = visit(needed);
      if (found !== undefined) return found;
    }
    above.delete(name);
    done.add(name);
    return undefined;
  };
  for (const name of [...services.keys()].sort()) {
    const found = visit(name);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The services and all that they depend on, those first. */
export function neededBy(chosen: readonly string[], services: Services): readonly string[] {
  const needed = new Set<string>();
  const visit = (name: string) => {
    const service = services.get(name);
    if (service === undefined || needed.has(name)) return;
    needed.add(name);
    dependenciesOf(service, services).forEach(visit);
  };
  chosen.forEach(visit);
  return startOrder(services).filter((name) => needed.has(name));
}

/** The services that depend on one, directly or by others, those that are nearest to it last. */
export function dependentsOf(name: string, services: Services): readonly string[] {
  const dependents = new Set<string>();
  const visit = (one: string) => {
    for (const [other, service] of services)
      if (!dependents.has(other) && service.depends_on?.[one] !== undefined) {
        dependents.add(other);
        visit(other);
      }
  };
  visit(name);
  return stopOrder(services).filter((other) => dependents.has(other));
}

/** A project with only these services and what they need on; all of it where none is named. */
export function selected(project: Project, chosen: readonly string[]): Project {
  if (chosen.length === 0) return project;
  const needed = new Set(neededBy(chosen, project.services));
  const [services, disabled] = [new Map<string, Service>(), new Map(project.disabled)];
  for (const [name, service] of project.services) (needed.has(name) ? services : disabled).set(name, service);
  return { ...project, services, disabled };
}
