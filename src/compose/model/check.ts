/** What in a project cannot be, although each of its values can: places come from the file. */
import { composeError } from "../file/error.ts";
import { sharing } from "./implicit.ts";
import type { Places } from "./of.ts";
import { cycleOf } from "./order.ts";
import { publishedRange } from "./port.ts";
import type { Port, Project, Service } from "./project.ts";
import { uses } from "./used.ts";

type Check = (project: Project, places: Places) => void;

/** Throws a composeError for the first that is wrong; in this order. */
export const check: Check = (project, places) => {
  for (const one of checks) one(project, places);
};

function refuse(places: Places, path: readonly (string | number)[], why: string, hint?: string): never {
  const name = path.reduce<string>(
    (before, key) =>
      typeof key === "number" ? `${before}[${key}]` : before === "" ? key : `${before}.${key}`,
    "",
  );
  throw composeError(places(...path), name, why, hint);
}

const known = (names: Iterable<string>): string => {
  const all = [...names].sort();
  return all.length === 0 ? "there are none" : `there are ${all.join(", ")}`;
};

const runnable: Check = ({ services }, places) => {
  for (const [name, service] of services)
    if (service.image === undefined && service.build === undefined && service.provider === undefined)
      refuse(
        places,
        ["services", name],
        "it has neither an image nor a build section",
        "say image: or build:",
      );
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

const ownNetwork: Check = ({ services }, places) => {
  for (const [name, service] of services)
    if (service.network_mode !== undefined && Object.keys(service.networks ?? {}).length > 0)
      refuse(
        places,
        ["services", name, "network_mode"],
        "it excludes networks, and the service has both",
        "leave one of them away",
      );
};

/** How many containers there are of a service. */
export const countOf = (service: Service): number => service.scale ?? service.deploy?.replicas ?? 1;

const containerNames: Check = ({ services }, places) => {
  const owners = new Map<string, string>();
  for (const [name, service] of services) {
    const own = service.container_name;
    if (own === undefined) continue;
    const path = ["services", name, "container_name"];
    const other = owners.get(own);
    if (other !== undefined) refuse(places, path, `the service "${other}" has the name "${own}", too`);
    if (countOf(service) > 1)
      refuse(
        places,
        path,
        `${countOf(service)} containers of the service cannot all have the name "${own}"`,
        "leave container_name away, or scale to 1",
      );
    owners.set(own, name);
  }
};

interface Published {
  readonly service: string;
  readonly index: number;
  readonly port: Port;
  readonly host: number;
}

/** A range is left alone: which of its ports is taken is found out when it is. */
const portClashes: Check = ({ services }, places) => {
  const taken: Published[] = [];
  for (const [service, { ports = [], network_mode }] of services) {
    if (network_mode !== undefined) continue;
    ports.forEach((port, index) => {
      const range = publishedRange(port);
      if (range === undefined || range.first !== range.last) return;
      const own = { service, index, port, host: range.first };
      const other = taken.find((one) => clash(one, own));
      if (other !== undefined) {
        const { file, line } = places("services", other.service, "ports", other.index);
        refuse(
          places,
          ["services", service, "ports", index],
          `port ${own.host}/${port.protocol} of the host is published by services.${other.service}.ports[${other.index}], too (${file}:${line})`,
          "publish one of them at another port",
        );
      }
      taken.push(own);
    });
  }
};

function clash(a: Published, b: Published): boolean {
  if (a.host !== b.host || a.port.protocol !== b.port.protocol) return false;
  if (a.service === b.service && a.port.target === b.port.target && a.port.host_ip === b.port.host_ip)
    return false;
  const [x, y] = [a.port.host_ip, b.port.host_ip];
  return x === y || isEvery(x) || isEvery(y);
}

const isEvery = (address: string | undefined): boolean =>
  address === undefined || address === "0.0.0.0" || address === "::";

/** Two places that say the same thing have to say the same. */
const twice: readonly {
  readonly path: readonly string[];
  readonly deploy: readonly string[];
  readonly of: (service: Service) => readonly [number | undefined, number | undefined];
}[] = [
  {
    path: ["cpus"],
    deploy: ["resources", "limits", "cpus"],
    of: (s) => [s.cpus, s.deploy?.resources?.limits?.cpus],
  },
  {
    path: ["mem_limit"],
    deploy: ["resources", "limits", "memory"],
    of: (s) => [s.mem_limit, s.deploy?.resources?.limits?.memory],
  },
  {
    path: ["mem_reservation"],
    deploy: ["resources", "reservations", "memory"],
    of: (s) => [s.mem_reservation, s.deploy?.resources?.reservations?.memory],
  },
  {
    path: ["pids_limit"],
    deploy: ["resources", "limits", "pids"],
    of: (s) => [s.pids_limit, s.deploy?.resources?.limits?.pids],
  },
  { path: ["scale"], deploy: ["replicas"], of: (s) => [s.scale, s.deploy?.replicas] },
];

const saidOnce: Check = ({ services }, places) => {
  for (const [name, service] of services)
    for (const { path, deploy, of } of twice) {
      const [own, deployed] = of(service);
      if (own !== undefined && deployed !== undefined && own !== deployed)
        refuse(
          places,
          ["services", name, ...path],
          `it differs from deploy.${deploy.join(".")}, which says the same thing`,
          "say it once",
        );
    }
};

const limits: Check = ({ services }, places) => {
  for (const [name, service] of services) {
    const memory = service.mem_limit ?? service.deploy?.resources?.limits?.memory;
    const reserved = service.mem_reservation ?? service.deploy?.resources?.reservations?.memory;
    const path = ["services", name];
    if (service.memswap_limit && service.memswap_limit > 0) {
      if (memory === undefined)
        refuse(
          places,
          [...path, "memswap_limit"],
          "it counts memory and swap together, and no mem_limit says how much of it is memory",
        );
      else if (service.memswap_limit < memory)
        refuse(
          places,
          [...path, "memswap_limit"],
          "it is memory and swap together, and less than the memory alone",
        );
    }
    if (memory !== undefined && memory > 0 && reserved !== undefined && reserved > memory)
      refuse(
        places,
        service.mem_reservation === undefined
          ? [...path, "deploy", "resources", "reservations", "memory"]
          : [...path, "mem_reservation"],
        "more is reserved than the service may have",
      );
  }
};

const platforms: Check = ({ services }, places) => {
  for (const [name, { platform, build }] of services)
    if (platform !== undefined && build?.platforms?.length && !build.platforms.includes(platform))
      refuse(
        places,
        ["services", name, "build", "platforms"],
        `the service's own platform, ${platform}, is not among them`,
        "what is built could not be run",
      );
};

const RESERVED = "com.docker.compose.";

const reservedLabels: Check = ({ services }, places) => {
  for (const [name, { labels = {} }] of services)
    for (const label of Object.keys(labels))
      if (label.startsWith(RESERVED))
        refuse(
          places,
          ["services", name, "labels", label],
          `"${label}" is one of Compose's own labels`,
          `choose a name that does not begin with ${RESERVED}`,
        );
};

const checks: readonly Check[] = [
  runnable,
  servicesThereAre,
  noCycle,
  ownNetwork,
  partsThereAre,
  containerNames,
  saidOnce,
  limits,
  portClashes,
  platforms,
  reservedLabels,
];
