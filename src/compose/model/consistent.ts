/** What a service says in two places, or of itself, fits together. */
import { type Check, refuse } from "./place.ts";
import type { Service } from "./project.ts";

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

export const consistent: readonly Check[] = [
  runnable,
  ownNetwork,
  containerNames,
  saidOnce,
  limits,
  platforms,
  reservedLabels,
];
