/** Services, networks, volumes, secrets, configs and models that are named are there. */

import { sharing } from "./implicit.ts";
import { cycleOf } from "./order.ts";
import { type Check, refuse } from "./place.ts";
import type { Service } from "./project.ts";
import { uses } from "./used.ts";

const known = (names: Iterable<string>): string => {
  const all = [...names].sort();
  return all.length === 0 ? "there are none" : `there are ${all.join(", ")}`;
};

interface Mention {
  readonly path: readonly (string | number)[];
  readonly name: string;
  /** That it may be off. */
  readonly optional?: boolean;
}

/** The services that a service names; what is implied stands behind what implies it. */
function mentions(service: Service): readonly Mention[] {
  return [
    ...(service.links ?? []).map((link, index) => ({
      path: ["links", index],
      name: link.split(":")[0] ?? "",
    })),
    ...(service.volumes_from ?? []).flatMap((from, index) =>
      from.startsWith("container:")
        ? []
        : [{ path: ["volumes_from", index], name: from.split(":")[0] ?? "" }],
    ),
    ...sharing(service).map(({ by, service: name }) => ({ path: [by], name })),
    ...Object.entries(service.build?.additional_contexts ?? {}).flatMap(([key, context]) =>
      context.startsWith("service:")
        ? [{ path: ["build", "additional_contexts", key], name: context.slice("service:".length) }]
        : [],
    ),
    ...Object.entries(service.depends_on ?? {}).map(([name, dependency]) => ({
      path: ["depends_on", name],
      name,
      optional: !dependency.required,
    })),
  ];
}

const servicesThereAre: Check = ({ services, disabled }, places) => {
  for (const [name, service] of services)
    for (const { path, name: other, optional } of mentions(service)) {
      const off = disabled.get(other);
      if (services.has(other) || (off !== undefined && optional === true)) continue;
      const where = ["services", name, ...path];
      if (off !== undefined)
        refuse(
          places,
          where,
          `the service "${other}" is off, as none of its profiles is on`,
          `turn it on with --profile ${off.profiles?.[0] ?? ""}`,
        );
      refuse(places, where, `there is no service "${other}"`, known(services.keys()));
    }
};

const noCycle: Check = ({ services }, places) => {
  const cycle = cycleOf(services);
  if (cycle === undefined) return;
  const [first = "", second = ""] = cycle;
  refuse(
    places,
    ["services", first, "depends_on", second],
    `services depend on each other in a circle: ${cycle.join(" -> ")}`,
    "one of them has to start first",
  );
};

const partsThereAre: Check = (project, places) => {
  const parts = ["networks", "volumes", "secrets", "configs", "models"] as const;
  for (const [name, service] of project.services)
    for (const part of parts)
      for (const { key, path } of uses[part](service))
        if (!project[part].has(key))
          refuse(
            places,
            ["services", name, ...path],
            `there is no ${part.slice(0, -1)} "${key}" in the file`,
            `define it beneath ${part}: at the top; ${known([...project[part].keys()].filter((one) => one !== "default"))}`,
          );
};

/** Of what a project names, in the order in which they are told. */
export const references: readonly Check[] = [servicesThereAre, noCycle, partsThereAre];
