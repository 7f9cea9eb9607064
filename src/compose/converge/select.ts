import { InroError } from "../../oci/error.ts";
import type { Project, Service } from "../model/project.ts";

/** Services that are named, each after those that it depends on; `dependencies`: with these. COMPOSE_NO_SERVICE. */
export function select(
  project: Project,
  named: readonly string[],
  { dependencies }: { readonly dependencies: boolean },
): readonly Service[] {
  const wanted = named.length === 0 ? [...project.services.keys()] : named;
  const chosen = new Set<string>();
  const visit = (name: string) => {
    const service = project.services.get(name);
    if (service === undefined || chosen.has(name)) return;
    chosen.add(name);
    if (dependencies) for (const each of dependenciesOf(service)) visit(each);
  };
  for (const name of wanted) {
    serviceNamed(project, name);
    visit(name);
  }
  return inOrder(project).filter(({ name }) => chosen.has(name));
}

export function serviceNamed(project: Project, name: string): Service {
  const service = project.services.get(name);
  if (service !== undefined) return service;
  const disabled = project.disabled.get(name);
  throw new InroError("COMPOSE_NO_SERVICE", {
    what: `cannot use the service "${name}"`,
    why:
      disabled === undefined
        ? "the project has none of this name"
        : `it belongs to the profile ${disabled.profiles?.join(", ")}, which is off`,
    hint:
      disabled === undefined
        ? `its services are ${[...project.services.keys()].join(", ")}`
        : "turn it on with --profile",
  });
}

export const dependenciesOf = (service: Service): readonly string[] => Object.keys(service.depends_on ?? {});

/** All that are on, each after those that it depends on; the file is without cycles. */
export function inOrder(project: Project): readonly Service[] {
  const order = new Set<Service>();
  const visit = (service: Service | undefined, path: readonly string[]) => {
    if (service === undefined || order.has(service) || path.includes(service.name)) return;
    for (const name of dependenciesOf(service)) visit(project.services.get(name), [...path, service.name]);
    order.add(service);
  };
  for (const service of project.services.values()) visit(service, []);
  return [...order];
}
