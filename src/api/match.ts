import type { Route } from "./exchange.ts";
import { refuse } from "./status.ts";

export const NEWEST = 51;
export const OLDEST = 24;

export interface Target {
  /** Minor number of the version in the path; the newest where there is none. */
  readonly version: number;
  readonly path: string;
}

/** Takes the version off the path, as dockerd does: `/v1.43/info` and `/info` are the same resource. */
export function targetOf(path: string): Target {
  const match = /^\/v(\d{1,4})\.(\d{1,4})(\/.*)$/.exec(path);
  if (match === null) return { version: NEWEST, path };
  const [major, minor] = [Number(match[1]), Number(match[2])];
  const asked = `${major}.${minor}`;
  if (major > 1 || (major === 1 && minor > NEWEST)) {
    throw refuse(400, `client version ${asked} is too new`, `Maximum supported API version is 1.${NEWEST}`);
  }
  if (major < 1 || minor < OLDEST) {
    throw refuse(
      400,
      `client version ${asked} is too old`,
      `Minimum supported API version is 1.${OLDEST}, please upgrade your client to a newer version`,
    );
  }
  return { version: minor, path: match[3] ?? "/" };
}

interface Compiled {
  readonly route: Route;
  readonly pattern: RegExp;
}

/** `{id}` is one part of the path; `{name...}` is one or more, as image names hold slashes. */
function compile(route: Route): Compiled {
  const source = route.pattern
    .replaceAll(".", "\\.")
    .replace(/\{(\w+)\\\.\\\.\\\.\}/g, "(?<$1>.+)")
    .replace(/\{(\w+)\}/g, "(?<$1>[^/]+)");
  return { route, pattern: new RegExp(`^${source}$`) };
}

export type Find = (
  method: string,
  path: string,
) => { readonly route: Route; readonly parameters: Readonly<Record<string, string>> };

/** The table's reader; where several patterns match, the first one counts. */
export function matcher(routes: readonly Route[]): Find {
  const compiled = routes.map(compile);
  return (method, path) => {
    let known = false;
    for (const { route, pattern } of compiled) {
      const match = pattern.exec(path);
      if (match === null) continue;
      if (route.method === method) return { route, parameters: decode(match.groups ?? {}) };
      known = true;
    }
    if (known) throw refuse(405, `${method} ${path}`, "this method is not allowed here");
    throw refuse(404, `${method} ${path}`, "page not found");
  };
}

function decode(groups: Record<string, string>): Record<string, string> {
  const entries = Object.entries(groups).map(([name, value]) => {
    try {
      return [name, decodeURIComponent(value)] as const;
    } catch {
      throw refuse(400, `cannot read the path's "${name}"`, "it is not valid percent-encoding", name);
    }
  });
  return Object.fromEntries(entries);
}
