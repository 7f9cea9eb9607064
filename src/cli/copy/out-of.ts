import { statSync } from "node:fs";
import { basename, dirname, posix, resolve } from "node:path";
import { at, type Client } from "../../client/client.ts";
import { out } from "../terminal/output.ts";
import { followed, isDirectory, pathStat } from "./stat.ts";
import { unpack } from "./unpack.ts";

export interface CopyOptions {
  /** Keep owner and group. */
  readonly archive: boolean;
  /** Copy what a link at the source stands for. */
  readonly followLink: boolean;
}

/** From a container to this machine; `-` writes the tar to standard output. */
export async function copyOut(
  client: Client,
  from: { container: string; path: string },
  to: string,
  options: CopyOptions,
): Promise<void> {
  const path = options.followLink ? (await followed(client, from.container, from.path)).path : from.path;
  const answer = await client.send({
    method: "GET",
    path: at`/containers/${from.container}/archive`,
    query: { path },
  });
  if (to === "-") {
    for await (const part of answer.body) out(part);
    return;
  }
  const source = pathStat(answer.headers);
  const place = target(to, isDirectory(source), contentOnly(from.path), source.name);
  await unpack(answer.body, {
    folder: place.folder,
    rename: (name) => renamed(name, source.name, place.name),
    keepOwner: options.archive && process.getuid?.() === 0,
  });
}

/** `src/.`: the folder's content rather than the folder. */
export const contentOnly = (path: string): boolean => /(^|\/)\.$/.test(path);

/** The first part of the name is the source's own; `.` and the empty name are the folder itself. */
export function renamed(name: string, from: string, to: string): string {
  const clean = posix.normalize(name.replace(/^\/+/, "")).replace(/\/$/, "");
  if (clean === from || clean === ".") return to;
  return clean.startsWith(`${from}/`) ? posix.join(to, clean.slice(from.length + 1)) : posix.join(to, clean);
}

/** Docker's rules for where it lands (docker cp, "SRC_PATH and DEST_PATH"). */
function target(
  to: string,
  sourceIsFolder: boolean,
  content: boolean,
  ownName: string,
): { folder: string; name: string } {
  const path = resolve(to);
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat?.isDirectory()) return { folder: path, name: content ? "." : ownName };
  if (stat !== undefined) {
    if (sourceIsFolder) throw new Error(`cannot copy a folder to "${to}": it is a file`);
    if (to.endsWith("/")) throw new Error(`cannot copy to "${to}": it is not a folder`);
    return { folder: dirname(path), name: basename(path) };
  }
  if (!sourceIsFolder && to.endsWith("/")) throw new Error(`cannot copy to "${to}": there is no such folder`);
  if (statSync(dirname(path), { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new Error(`cannot copy to "${to}": there is no folder "${dirname(path)}"`);
  return { folder: dirname(path), name: basename(path) };
}
