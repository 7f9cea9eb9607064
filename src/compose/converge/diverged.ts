import type { Project, Service } from "../model/project.ts";
import type { Actual, Found } from "./actual.ts";
import { imageName } from "./labels.ts";
import type { Recreate } from "./options.ts";
import { hashOf, joined, type Peers } from "./resolve.ts";
import type { Change } from "./resources.ts";

export interface Judge {
  readonly project: Project;
  readonly actual: Actual;
  readonly peers: Peers;
  /** Networks that are made, or made again. */
  readonly networks: readonly Change[];
  readonly policy: Recreate;
}

/** Why a container is not what the file asks for, in half a sentence; undefined: it is. */
export function diverged(service: Service, found: Found, judge: Judge): string | undefined {
  const { project, actual, peers, policy } = judge;
  if (policy === "never") return undefined;
  if (policy === "force") return "it was asked for";
  const other = joined(service).find((name) => peers(name)[0]?.id === "");
  if (other !== undefined) return `the container of "${other}" that it is part of is made again`;
  if (found.hash !== hashOf(service, peers)) {
    if (found.differences.length > 0) return `${list(found.differences)} changed`;
    return networkReason(service, found, judge) ?? "its configuration changed";
  }
  const image = actual.images.get(imageName(project, service));
  if (image !== undefined && image.id !== found.image) return "its image changed";
  const [file] = found.outdated;
  if (file !== undefined) return `${file} changed`;
  return networkReason(service, found, judge);
}

function networkReason(
  service: Service,
  found: Found,
  { project, actual, networks }: Judge,
): string | undefined {
  for (const key of Object.keys(service.networks ?? {})) {
    const name = project.networks.get(key)?.name ?? key;
    if (networks.some((change) => change.name === name)) return `its network "${key}" is made again`;
    const there = found.networks[name];
    if (there === undefined) return `it is not on the network "${key}"`;
    // Some engines do not say it of one that never ran.
    if (there.id !== "" && there.id !== actual.networks.get(name)?.id)
      return `its network "${key}" is another one`;
  }
  return undefined;
}

/** `its ports, its image and its command`. */
const list = (words: readonly string[]): string =>
  words.length < 2 ? words.join() : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
