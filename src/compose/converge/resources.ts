/** Steps for networks and volumes: before any container. */
import { InroError } from "../../oci/error.ts";
import type { Network, Project, Service } from "../model/project.ts";
import type { Actual, Found, FoundNetwork } from "./actual.ts";
import { label } from "./labels.ts";
import { isOwn, networkDifference, volumeDifference } from "./objects.ts";

export interface Change {
  readonly key: string;
  readonly name: string;
  readonly why: string;
  /** Undefined: there is none yet. */
  readonly replaces?: FoundNetwork;
}

export interface Changes {
  readonly networks: readonly Change[];
  readonly volumes: readonly Change[];
  readonly warnings: readonly string[];
}

/** `goes`: whether a container that is there will not be there, or be another one. */
export function changes(
  project: Project,
  actual: Actual,
  selected: readonly Service[],
  goes: (found: Found) => boolean,
): Changes {
  const warnings: string[] = [];
  const services = [...project.services.values()];
  const networks = keysOf(services, networkKeys).flatMap((key) => {
    const network = project.networks.get(key);
    if (network === undefined) return [];
    if (network.external)
      return expectExternal(actual.networks, network.name, isUsed(selected, networkKeys, key), "network");
    const found = actual.networks.get(network.name);
    if (found === undefined) return [{ key, name: network.name, why: "it is not there" }];
    if (isOwn(project.name, found.labels, "network", key))
      return changedNetwork(key, network, found, { actual, goes, warnings });
    warnings.push(notOurs("network", network.name, found.labels[label.project], project.name));
    return [];
  });
  const volumes = keysOf(services, volumeKeys).flatMap((key) => {
    const volume = project.volumes.get(key);
    if (volume === undefined) return [];
    if (volume.external)
      return expectExternal(actual.volumes, volume.name, isUsed(selected, volumeKeys, key), "volume");
    const found = actual.volumes.get(volume.name);
    if (found === undefined) return [{ key, name: volume.name, why: "it is not there" }];
    if (!isOwn(project.name, found.labels, "volume", key)) {
      warnings.push(notOurs("volume", volume.name, found.labels[label.project], project.name));
      return [];
    }
    const difference = volumeDifference(found, volume);
    if (difference === undefined) return [];
    throw new InroError("COMPOSE_VOLUME_DIFFERS", {
      what: `cannot change the volume "${key}"`,
      why: `${difference} would be another, and that loses what is in "${volume.name}"`,
      hint: `give it another name, or save its data and remove it: inro volume rm ${volume.name}`,
    });
  });
  return { networks, volumes, warnings };
}

const networkKeys = ({ networks = {} }: Service): readonly string[] => Object.keys(networks);

const volumeKeys = ({ volumes = [] }: Service): readonly string[] =>
  volumes.flatMap((mount) => (mount.type === "volume" && mount.source !== undefined ? [mount.source] : []));

type Keys = (service: Service) => readonly string[];

const keysOf = (services: readonly Service[], keys: Keys) => [...new Set(services.flatMap(keys))];

const isUsed = (services: readonly Service[], keys: Keys, key: string) =>
  services.some((service) => keys(service).includes(key));

function expectExternal(
  there: ReadonlyMap<string, unknown>,
  name: string,
  used: boolean,
  kind: "network" | "volume",
): readonly [] {
  if (!used || there.has(name)) return [];
  throw new InroError("COMPOSE_EXTERNAL", {
    what: `cannot use the ${kind} "${name}"`,
    why: "it is declared as external and is not there",
    hint: `inro ${kind} create ${name}`,
  });
}

const notOurs = (kind: string, name: string, owner: string | undefined, project: string) =>
  `the ${kind} "${name}" is used as it is: it ${
    owner === undefined || owner === project
      ? "was not made for this project"
      : `belongs to the project "${owner}"`
  } (say \`external: true\` to be at peace with that)`;

interface Judging {
  readonly actual: Actual;
  readonly goes: (found: Found) => boolean;
  readonly warnings: string[];
}

/** A network can be made again once nothing is on it. */
function changedNetwork(
  key: string,
  wanted: Network,
  found: FoundNetwork,
  { actual, goes, warnings }: Judging,
): readonly Change[] {
  const difference = networkDifference(found, wanted);
  if (difference === undefined) return [];
  const stay = actual.containers.filter((each) => each.networks[found.name] !== undefined && !goes(each));
  const users = [...stay.map(({ name }) => name), ...found.strangers];
  if (users.length === 0) return [{ key, name: found.name, why: `${difference} changed`, replaces: found }];
  warnings.push(
    `the network "${key}" stays as it was, though ${difference} changed: ${users.join(", ")} ${users.length === 1 ? "is" : "are"} on it`,
  );
  return [];
}
