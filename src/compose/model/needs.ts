/** What a project needs of this machine before anything is begun, and names and numbers that no engine could take. */
import { type Stats, statSync } from "node:fs";
import { composeError } from "../file/error.ts";
import type { Place } from "../file/node.ts";
import { type Places, refuse } from "./place.ts";
import { publishedRange } from "./port.ts";
import type { Project, Service } from "./project.ts";

/** What is about to be made. */
export interface Needs {
  /** How many containers of services, where that is not what the file says. */
  readonly counts: Readonly<Record<string, number>>;
}

/** More containers of one service than any machine runs: each is a step that is held in memory. */
export const MOST_REPLICAS = 10_000;

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;

/** Throws a composeError for the first that is not there, or cannot be. */
export function checkNeeds(
  project: Project,
  places: Places,
  env: Readonly<Record<string, string | undefined>>,
  { counts }: Needs,
): void {
  for (const [name, service] of project.services) {
    const at = (...path: string[]) => places("services", name, ...path);
    if (!/[a-zA-Z0-9]/.test(name))
      throw composeError(at(), `cannot use the service "${name}"`, "its name has no letter and no digit");
    replicas(service, at);
    portsForAll(service, counts[name], places);
  }
  for (const part of ["networks", "volumes"] as const)
    for (const [key, { name, external }] of project[part])
      if (!external && !NAME.test(name))
        throw composeError(
          places(part, key, "name"),
          `cannot name a ${part.slice(0, -1)} "${name}"`,
          "only letters, digits, _, . and - are allowed, and the first is a letter or a digit",
        );
  for (const part of ["secrets", "configs"] as const)
    for (const [key, { file, environment }] of project[part]) {
      const what = `cannot use the ${part.slice(0, -1)} "${key}"`;
      if (file !== undefined) readable(file, what, places(part, key, "file"));
      if (environment !== undefined && env[environment] === undefined)
        throw composeError(
          places(part, key, "environment"),
          what,
          `the variable "${environment}" is not set`,
          "set it where inro compose is called, or in .env",
        );
    }
}

function replicas({ scale, deploy }: Service, at: (...path: string[]) => Place): void {
  const count = scale ?? deploy?.replicas ?? 1;
  if (count <= MOST_REPLICAS) return;
  const place = scale === undefined ? at("deploy", "replicas") : at("scale");
  throw composeError(place, "cannot scale the service", `${count} are more than ${MOST_REPLICAS} containers`);
}

/** Each container of a service has a port of the host's for itself. */
function portsForAll(
  { name, ports = [], network_mode, scale, deploy }: Service,
  asked: number | undefined,
  places: Places,
): void {
  const count = asked ?? (deploy?.mode === "global" ? 1 : (scale ?? deploy?.replicas ?? 1));
  if (network_mode !== undefined) return;
  for (const [index, port] of ports.entries()) {
    const range = publishedRange(port);
    if (range === undefined || range.last - range.first + 1 >= count) continue;
    refuse(
      places,
      ["services", name, "ports", index],
      `${count} containers cannot share ${port.published}/${port.protocol} of the host`,
      `publish a range of ${count} ports, or leave the host's port to the engine`,
    );
  }
}

/** Opening a pipe would wait for whoever writes to it. */
function readable(file: string, what: string, place: Place): void {
  const stats = statsOf(file);
  if (stats?.isFile() === true || stats?.isDirectory() === true) return;
  throw composeError(place, what, `${file} ${stats === undefined ? "is not there" : "is no file"}`);
}

const statsOf = (path: string): Stats | undefined => {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    // ENOTDIR, EACCES, ELOOP: what cannot be looked at is as good as not there.
    return undefined;
  }
};
