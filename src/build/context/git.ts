import { existsSync, lstatSync, lutimesSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fromText, toText } from "../../image/tree/entry.ts";
import { kind } from "../../image/tree/frames.ts";
import { lookAt } from "../../image/tree/look.ts";
import { InroError } from "../../oci/error.ts";
import { cleanParts, follow } from "../copy/way.ts";
import { type GitOptions, git } from "./git-program.ts";
import { type GitRemote, shown } from "./remote.ts";

export interface CloneOptions extends Omit<GitOptions, "folder" | "authorization"> {
  /** An Authorization header, which no other server gets. */
  readonly authorization?: string | undefined;
  /** `--keep-git-dir`. */
  readonly keepsGit?: boolean;
  /** `--checksum`: the commit, or how it begins. */
  readonly checksum?: string | undefined;
}

export interface Clone {
  /** The part of the repository that was asked for; absolute, without links. */
  readonly folder: string;
  readonly commit: string;
}

function optionsFor(
  { authorization, ...rest }: CloneOptions,
  { repository }: GitRemote,
  folder: string,
): GitOptions {
  const origin = URL.parse(repository)?.origin ?? "null";
  if (authorization === undefined || origin === "null") return { ...rest, folder };
  return { ...rest, folder, authorization: { origin, value: authorization } };
}

const isCommit = (text: string) => /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(text);

/**
 * The commit that a reference stands for now, without fetching it: a step's cache key. Works in the folder, which stays empty. Undefined where only a clone can tell,
 * as of the beginning of a commit's name. GIT_MISSING, GIT_FAILED
 */
export async function commitOf(
  folder: string,
  remote: GitRemote,
  o: CloneOptions = {},
): Promise<string | undefined> {
  const { repository, ref } = remote;
  if (isCommit(ref)) return ref;
  const wanted = ref === "" ? "HEAD" : ref;
  const options = optionsFor(o, remote, folder);
  const lines = await told(remote, () => git(options, "ls-remote", "--", repository, wanted, `${wanted}^{}`));
  const named = new Map(lines.split("\n").map((line) => line.split("\t").reverse() as [string, string]));
  // A tag's own object is not what it stands for; git-rev-parse(1) has the order of names.
  const names = [
    `refs/tags/${wanted}^{}`,
    wanted,
    `refs/${wanted}`,
    `refs/tags/${wanted}`,
    `refs/heads/${wanted}`,
  ];
  return names.map((name) => named.get(name)).find((each) => each !== undefined);
}

/**
 * Gets a repository's files at a reference into an empty folder: submodules included, without its history. Files and folders have the commit's time.
 * GIT_MISSING, GIT_FAILED, GIT_FOLDER_MISSING, DOWNLOAD_MISMATCH
 */
export async function clone(
  native: string,
  folder: string,
  remote: GitRemote,
  o: CloneOptions = {},
): Promise<Clone> {
  return await told(remote, () => cloneInto(native, folder, remote, o));
}

async function told<T>({ repository, ref }: GitRemote, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!(cause instanceof InroError && cause.code === "GIT_FAILED")) throw cause;
    throw new InroError("GIT_FAILED", {
      what: `cannot fetch ${shown(repository)}${ref === "" ? "" : `#${ref}`}`,
      why: cause.why,
      hint: "check the URL and the reference; what is private needs --ssh, or a secret GIT_AUTH_TOKEN",
      cause,
    });
  }
}

async function cloneInto(native: string, folder: string, remote: GitRemote, o: CloneOptions): Promise<Clone> {
  const options = optionsFor(o, remote, folder);
  const run = (...words: string[]) => git(options, ...words);
  await run("init", "-q", "--template=", "-b", "main");
  await run("remote", "add", "--", "origin", remote.repository);
  await fetch(run, remote.ref);
  const commit = (await run("rev-parse", "--verify", "-q", "HEAD")).trim();
  if (o.checksum !== undefined && !commit.startsWith(o.checksum.toLowerCase()))
    throw new InroError("DOWNLOAD_MISMATCH", {
      what: `cannot use ${shown(remote.repository)}`,
      why: `its commit is ${commit}, which does not begin with ${o.checksum}`,
      at: "--checksum",
    });
  if (existsSync(join(folder, ".gitmodules")))
    await run("submodule", "--quiet", "update", "--init", "--recursive", "--depth=1");
  const seconds = Number((await run("show", "-s", "--format=%ct", "HEAD")).trim());
  date(folder, seconds, o.keepsGit === true);
  return { folder: await partOf(native, folder, remote), commit };
}

/** One commit alone where the server gives that; it need not give one that no reference names. */
async function fetch(run: (...words: string[]) => Promise<string>, ref: string): Promise<void> {
  const wanted = ref === "" ? "HEAD" : ref;
  try {
    await run("fetch", "-q", "--depth=1", "--no-tags", "--no-recurse-submodules", "--", "origin", wanted);
    await run("checkout", "-q", "--detach", "FETCH_HEAD");
  } catch (cause) {
    if (!/^[0-9a-f]{4,64}$/.test(wanted) || !(cause instanceof InroError && cause.code === "GIT_FAILED"))
      throw cause;
    await run(
      "fetch",
      "-q",
      "--no-recurse-submodules",
      "--",
      "origin",
      "+refs/heads/*:refs/remotes/origin/*",
      "+refs/tags/*:refs/tags/*",
    );
    await run("checkout", "-q", "--detach", `${wanted}^{commit}`);
  }
}

/** Deepest first: what is set in a folder changes the folder's time. No repository has a `.git` but git's own. */
function date(path: string, seconds: number, keepsGit: boolean): void {
  if (lstatSync(path).isDirectory())
    for (const name of readdirSync(path))
      if (name === ".git" && !keepsGit) rmSync(join(path, name), { recursive: true });
      else date(join(path, name), seconds, keepsGit);
  lutimesSync(path, seconds, seconds);
}

/** A link that the repository has leads inside it. */
async function partOf(native: string, folder: string, { repository, subfolder }: GitRemote): Promise<string> {
  const parts = cleanParts(subfolder);
  if (parts.length === 0) return folder;
  await using look = await lookAt(native, { kind: "folder", path: folder });
  const { entry } = await follow(look, "", parts.map(fromText), { take: () => "shown" });
  if (entry?.kind === kind.directory) return join(folder, toText(entry.path));
  throw new InroError("GIT_FOLDER_MISSING", {
    what: `cannot use ${JSON.stringify(subfolder)} of ${shown(repository)}`,
    why: entry === undefined ? "the repository has nothing there" : "it is no folder",
  });
}
