import type { PathStat } from "../../engine/engine.ts";
import { decompressed } from "../../image/layer-stream.ts";
import { empty, json, stream } from "../answer.ts";
import { invalid } from "../asked.ts";
import { type Exchange, parameter, type Route } from "../exchange.ts";
import { flag, text } from "../query.ts";

/** Files in and out of a container. */
export const archiveRoutes: readonly Route[] = [
  { method: "HEAD", pattern: "/containers/{id}/archive", handle: head },
  { method: "GET", pattern: "/containers/{id}/archive", handle: get },
  { method: "PUT", pattern: "/containers/{id}/archive", handle: put },
  // Beyond Docker: what a pattern means inside.
  { method: "GET", pattern: "/inro/containers/{id}/glob", handle: glob },
  { method: "GET", pattern: "/containers/{id}/export", handle: exportAll },
];

function path(x: Exchange): string {
  const found = text(x.query, "path");
  if (found === null || found.includes("\0")) throw invalid("path", "bad parameter: 'path' cannot be empty");
  // path_resolution(7): NAME_MAX and PATH_MAX.
  if (Buffer.byteLength(found) > 4095 || found.split("/").some((part) => Buffer.byteLength(part) > 255))
    throw invalid("path", "no file has a path as long as this");
  return found;
}

/** Types in st_mode (inode(7)) and their bits in Go's io/fs.FileMode, which is what Docker's API carries. */
const types = new Map([
  [0o040000, 0x80000000],
  [0o120000, 0x08000000],
  [0o060000, 0x04000000],
  [0o020000, 0x04200000],
  [0o010000, 0x02000000],
  [0o140000, 0x01000000],
]);

export function goMode(mode: number): number {
  const special =
    (mode & 0o4000 ? 0x00800000 : 0) + (mode & 0o2000 ? 0x00400000 : 0) + (mode & 0o1000 ? 0x00100000 : 0);
  return (mode & 0o777) + special + (types.get(mode & 0o170000) ?? 0);
}

function tell(x: Exchange, stat: PathStat): void {
  const record = {
    name: stat.name,
    size: stat.size,
    mode: goMode(stat.mode),
    mtime: stat.modified.toISOString(),
    linkTarget: stat.linkTarget,
  };
  const text = Buffer.from(JSON.stringify(record)).toString("base64");
  x.response.setHeader("X-Docker-Container-Path-Stat", text);
}

async function head(x: Exchange): Promise<void> {
  tell(x, await x.engine.containers.archive.stat(parameter(x, "id"), path(x)));
  empty(x, 200);
}

async function get(x: Exchange): Promise<void> {
  const { stat, tar } = await x.engine.containers.archive.get(parameter(x, "id"), path(x));
  tell(x, stat);
  await stream(x, "application/x-tar", tar);
}

async function glob(x: Exchange): Promise<void> {
  const pattern = text(x.query, "pattern");
  if (pattern === null) throw invalid("pattern", "it is empty");
  json(x, 200, { Paths: await x.engine.containers.archive.glob(parameter(x, "id"), pattern) });
}

/** A tar as it is, or compressed by gzip or zstd, whatever its header says. */
async function put(x: Exchange): Promise<void> {
  const tar = decompressed(x.request as AsyncIterable<Uint8Array>);
  await x.engine.containers.archive.put(parameter(x, "id"), path(x), tar, {
    keepDirectories: flag(x.query, "noOverwriteDirNonDir"),
    chownToUser: flag(x.query, "copyUIDGID"),
  });
  empty(x, 200);
}

async function exportAll(x: Exchange): Promise<void> {
  await stream(x, "application/x-tar", await x.engine.containers.export(parameter(x, "id")));
}
