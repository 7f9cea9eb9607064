/** The files that a build is given: always a folder, its user's own or one that was filled for the build. */
import { randomBytes } from "node:crypto";
import { createReadStream, mkdirSync, realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import { readInLayers } from "../../engine/files/layers.ts";
import type { Tree, TreeRoot } from "../../image/tree/tree.ts";
import { InroError } from "../../oci/error.ts";
import type { ContextRequest } from "../request.ts";
import { type Access, accessTo } from "./access.ts";
import { download } from "./download.ts";
import { clone } from "./git.ts";
import { remoteOf } from "./remote.ts";
import { receive } from "./upload.ts";

export interface Context {
  readonly root: Extract<TreeRoot, { kind: "folder" }>;
  /** For errors: `the build context`. */
  readonly title: string;
  /** Nobody else writes to it. */
  readonly isOurs: boolean;
  /** A Dockerfile that came alone, instead of files. */
  readonly dockerfile?: string | undefined;
  /** A file's text; undefined where there is none. */
  read(path: string): string | undefined;
}

export interface ContextParts {
  readonly native: string;
  readonly trees: Tree;
  /** Of this build alone; removed after it. */
  readonly folder: string;
  readonly access: Access;
  readonly signal: AbortSignal;
}

/** Far more than any Dockerfile. */
const MOST_TEXT = 16 * 1024 * 1024;

/**
 * CONTEXT_INVALID, COMPRESSION_UNSUPPORTED, LAYER_DAMAGED, NO_SPACE; of URLs also DOWNLOAD_FAILED, GIT_URL_INVALID, GIT_MISSING,
 * GIT_FAILED, GIT_FOLDER_MISSING
 */
export async function openContext(
  request: Exclude<ContextRequest, { kind: "image" }>,
  title: string,
  parts: ContextParts,
): Promise<Context> {
  switch (request.kind) {
    case "folder":
      return contextIn(localFolder(request.path, title), title, false);
    case "none":
      return contextIn(emptyFolder(parts), title, true);
    case "stream":
      return await received(request.bytes, title, parts);
    case "url":
      return await fetched(request.url, title, parts);
  }
}

/** A folder of the build's own, gone with it. */
export function emptyFolder({ folder }: Pick<ContextParts, "folder">): string {
  const path = join(folder, `context-${randomBytes(4).toString("hex")}`);
  mkdirSync(path, { recursive: true, mode: 0o700 });
  return path;
}

/** A link to a folder will do; whatever the path leads to later, this one is read. */
function localFolder(path: string, title: string): string {
  const refused = (why: string) =>
    invalid(title, why, "give the path of a folder, a URL, or - for standard input");
  if (!path.startsWith("/") || path.includes("\0")) throw refused(`${JSON.stringify(path)} is not absolute`);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw refused(`${path} is no folder of this host`);
  return realpathSync(path);
}

async function received(
  bytes: AsyncIterable<Uint8Array>,
  title: string,
  parts: ContextParts,
): Promise<Context> {
  const folder = emptyFolder(parts);
  const dockerfile = await receive(parts.trees, { folder, title, signal: parts.signal }, bytes);
  return { ...contextIn(folder, title, true), dockerfile };
}

/** A repository, or a tar or Dockerfile to download. */
async function fetched(url: string, title: string, parts: ContextParts): Promise<Context> {
  const remote = remoteOf(url);
  if (remote === undefined) throw invalid(title, `${url} is neither http(s) nor a repository's URL`);
  const o = accessTo(remote, parts);
  if (remote.kind === "git") {
    const { folder } = await clone(parts.native, emptyFolder(parts), remote, o);
    return contextIn(folder, title, true);
  }
  const { folder, file } = await download(emptyFolder(parts), url, o);
  return await received(createReadStream(join(folder, file)), title, parts);
}

const contextIn = (path: string, title: string, isOurs: boolean): Context => ({
  ...{ root: { kind: "folder", path }, title, isOurs },
  read: (name) => readInLayers([path], name, MOST_TEXT),
});

const invalid = (title: string, why: string, hint?: string) =>
  new InroError("CONTEXT_INVALID", {
    what: `cannot use ${title}`,
    why,
    ...(hint === undefined ? {} : { hint }),
  });
