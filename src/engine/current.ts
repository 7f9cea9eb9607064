import type { Entry } from "./entry.ts";
import { bandwidthOf } from "./networks/bandwidth.ts";
import type { ContainerOptions, Resources, RestartPolicy } from "./options.ts";

export const resourcesOf = ({ origin, fortune }: Entry): Resources =>
  fortune.resources ?? origin.options.resources;

export const restartPolicyOf = ({ origin, fortune }: Entry): RestartPolicy =>
  fortune.restart ?? origin.options.restart;

/** What it was asked to be, with what has been changed since. */
export function optionsOf(entry: Entry): ContainerOptions {
  const { bandwidth, resources, restart, ports } = entry.fortune;
  const { options } = entry.origin;
  if (bandwidth === null && resources === null && restart === null && ports === null) return options;
  return {
    ...options,
    bandwidth: bandwidthOf(entry),
    resources: resourcesOf(entry),
    restart: restartPolicyOf(entry),
    ports: ports ?? options.ports,
    // Once that was changed, `-P` adds nothing any more.
    publishAllPorts: ports === null && options.publishAllPorts,
  };
}
