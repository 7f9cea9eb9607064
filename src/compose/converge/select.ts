import { InroError } from "../../oci/error.ts";
import { neededBy, startOrder } from "../model/order.ts";
import type { Project, Service } from "../model/project.ts";

/** Services that are named, each after those that it depends on; `dependencies`: with these. COMPOSE_NO_SERVICE. */
export function select(
  project: Project,
  named: readonly string[],
  { dependencies }: { readonly dependencies: boolean },
): readonly Service[] {
  const { services } = project;
  const wanted = named.length === 0 ? [...services.keys()] : named;
  for (const name of wanted) serviceNamed(project, name);
  const order = dependencies
    ? neededBy(wanted, services)
    : startOrder(services).filter((name) => wanted.includes(name));
  return order.map((name) => serviceNamed(project, name));
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
