import { posix } from "node:path";
import { ApiError, at, type Client } from "../../client/client.ts";

/** A container's path as the engine tells it in `X-Docker-Container-Path-Stat`. */
export interface PathStat {
  readonly name: string;
  /** Go's io/fs.FileMode. */
  readonly mode: number;
  readonly size: number;
  /** Where a symbolic link leads, resolved inside the container. */
  readonly linkTarget: string;
}

const GO_DIRECTORY = 0x80000000;
const GO_SYMLINK = 0x08000000;

export const isDirectory = (stat: PathStat) => (stat.mode & GO_DIRECTORY) !== 0;
export const isSymlink = (stat: PathStat) => (stat.mode & GO_SYMLINK) !== 0;

export function pathStat(headers: ReadonlyMap<string, string>): PathStat {
  const text = Buffer.from(headers.get("x-docker-container-path-stat") ?? "", "base64").toString("utf8");
  return JSON.parse(text) as PathStat;
}

/** `undefined`: there is no such path. */
export async function statPath(
  client: Client,
  container: string,
  path: string,
): Promise<PathStat | undefined> {
  const request = { method: "HEAD", path: at`/containers/${container}/archive`, query: { path } } as const;
  try {
    const answer = await client.send(request);
    answer.close();
    return pathStat(answer.headers);
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 404)) throw error;
  }
  // An answer to HEAD says nothing about what is missing: the container, or the path.
  await client.json({ method: "GET", path: at`/containers/${container}/json` });
  return undefined;
}

/** The path that a symbolic link stands for, and what is there. */
export async function followed(
  client: Client,
  container: string,
  path: string,
): Promise<{ path: string; stat: PathStat | undefined }> {
  const stat = await statPath(client, container, path);
  if (stat === undefined || !isSymlink(stat)) return { path, stat };
  const target = posix.resolve(posix.dirname(absolute(path)), stat.linkTarget);
  return { path: target, stat: await statPath(client, container, target) };
}

export const absolute = (path: string): string => (path.startsWith("/") ? path : `/${path}`);
