/** What ADD takes from a URL: a file to download, or a repository. */

import { type Digest, parseDigest } from "../../oci/digest.ts";
import { InroError } from "../../oci/error.ts";
import type { TreeSource } from "../copy/request.ts";
import type { NodeSource } from "../graph/node.ts";
import { type Access, accessTo } from "./access.ts";
import { download, tagOf } from "./download.ts";
import { clone, commitOf } from "./git.ts";
import { type GitRemote, remoteOf, shown } from "./remote.ts";

export type UrlSource = Extract<NodeSource, { kind: "url" }>;

export interface AddedParts {
  readonly native: string;
  readonly access: Access;
  readonly signal: AbortSignal;
  /** A new empty folder of the build's own. */
  emptyFolder(): string;
}

/**
 * What stands for that which is behind the URL now, found out without fetching it: a commit, a checksum that was promised, a
 * server's word that it is the same (a strong ETag: RFC 9110, 8.8.3). Undefined where only fetching tells.
 */
export async function identityOf(source: UrlSource, parts: AddedParts): Promise<string | undefined> {
  const remote = remoteOf(source.url);
  if (remote === undefined) throw noUrl(source.url);
  const o = accessTo(remote, parts);
  if (remote.kind === "git") return await commitOf(parts.emptyFolder(), remote, o);
  return checksumOf(source) ?? (await tagOf(source.url, o));
}

/**
 * Fetches it, if it still is what it was found out to be. `unpack`: an archive is unpacked. DOWNLOAD_FAILED, DOWNLOAD_MISMATCH,
 * GIT_MISSING, GIT_FAILED, GIT_FOLDER_MISSING, COPY_SOURCE_CHANGED, COPY_SOURCE_INVALID
 */
export async function fetchAdded(
  source: UrlSource,
  o: { readonly identity: string | undefined; readonly destination: string; readonly unpack: boolean },
  parts: AddedParts,
): Promise<TreeSource> {
  const remote = remoteOf(source.url);
  if (remote === undefined) throw noUrl(source.url);
  const found =
    remote.kind === "git" ? await cloned(source, remote, parts) : await downloaded(source, o, parts);
  if (o.identity !== undefined && found.identity !== o.identity)
    throw new InroError("COPY_SOURCE_CHANGED", {
      what: `cannot add ${shown(source.url)}`,
      why: "what is behind the URL was changed during the build",
      hint: "build again",
    });
  return {
    ...{ kind: "tree", root: { kind: "folder", path: found.folder }, title: shown(source.url) },
    ...{ paths: [found.path], ignore: null, isOurs: true, digests: null, keepsOwners: false },
    unpack: o.unpack && remote.kind === "http",
  };
}

interface Fetched {
  readonly folder: string;
  readonly path: string;
  readonly identity: string | undefined;
}

async function cloned(source: UrlSource, remote: GitRemote, parts: AddedParts): Promise<Fetched> {
  const { checksum, keepGitFolder: keepsGit } = source;
  const o = { ...accessTo(remote, parts), keepsGit, checksum: checksum ?? undefined };
  const { folder, commit } = await clone(parts.native, parts.emptyFolder(), remote, o);
  return { folder, path: ".", identity: commit };
}

async function downloaded(
  source: UrlSource,
  { destination }: { readonly destination: string },
  parts: AddedParts,
): Promise<Fetched> {
  const checksum = checksumOf(source);
  const o = { ...accessTo({ kind: "http", url: source.url }, parts), checksum };
  const { folder, name, file, tag } = await download(parts.emptyFolder(), source.url, o);
  if (name === "" && destination.endsWith("/"))
    throw new InroError("COPY_SOURCE_INVALID", {
      what: `cannot add ${shown(source.url)} to ${JSON.stringify(destination)}`,
      why: "the URL's path has no name that the file could have",
      hint: "let the destination end in the file's name",
    });
  // What the server calls it may look like a pattern.
  return { folder, path: file.replace(/[\\*?[]/g, "\\$&"), identity: checksum ?? tag };
}

function checksumOf({ checksum }: UrlSource): Digest | undefined {
  if (checksum === null) return undefined;
  if (/^sha256:[0-9a-f]{64}$/.test(checksum)) return parseDigest(checksum);
  throw new InroError("DIGEST_INVALID", {
    what: `cannot use ${JSON.stringify(checksum.slice(0, 160))} as a checksum`,
    why: "of what is downloaded it is sha256: and 64 hexadecimal digits",
    at: "--checksum",
  });
}

const noUrl = (url: string) =>
  new InroError("COPY_SOURCE_INVALID", {
    what: `cannot add ${url}`,
    why: "it is neither http(s) nor a repository's URL",
  });
