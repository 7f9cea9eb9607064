/** What is built of: where the files are, and which of them is the Dockerfile. */
import { existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import { basename, join, relative, resolve } from "node:path";
import { collect } from "../../client/client.ts";
import { UsageError } from "../options/usage-error.ts";
import { isTerminal } from "../terminal/output.ts";

/** A Dockerfile that is not one of the context's files. */
export interface InlineDockerfile {
  readonly name: string;
  readonly text: string;
  /** Of the .dockerignore beside it that is its own. */
  readonly ignore: string | null;
}

/** By its path in the context; null: as the engine finds it. */
export type DockerfileOf = string | null | InlineDockerfile;

export const inlineOf = (dockerfile: DockerfileOf): InlineDockerfile | null =>
  typeof dockerfile === "object" ? dockerfile : null;

export type BuildContext =
  | { readonly kind: "folder"; readonly path: string; readonly dockerfile: DockerfileOf }
  | { readonly kind: "url"; readonly url: string; readonly dockerfile: DockerfileOf }
  | { readonly kind: "tar"; readonly bytes: AsyncIterable<Uint8Array>; readonly dockerfile: string | null }
  | { readonly kind: "none"; readonly dockerfile: InlineDockerfile };

const isRemote = (place: string) => /^(https?|git|ssh):\/\/|^git@|^github\.com\//.test(place);

/** `place`: PATH, URL or `-`; `file`: what `-f` names. */
export async function contextOf(place: string, file: string | undefined): Promise<BuildContext> {
  if (place === "-") {
    if (file === "-") throw wrong("standard input cannot be both the context and the Dockerfile (-f -)");
    return streamed(file);
  }
  if (isRemote(place))
    return { kind: "url", url: place, dockerfile: file === "-" ? await typed() : (file ?? null) };
  const path = resolve(place);
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) throw wrong(`there is no folder "${place}"`);
  if (!stat.isDirectory())
    throw wrong(`"${place}" is a file, and the context is a folder (name a Dockerfile with -f)`);
  const dockerfile = file === "-" ? await typed() : inFolder(path, file);
  return { kind: "folder", path, dockerfile };
}

const wrong = (why: string) => new UsageError(why, 1);

function inFolder(folder: string, file: string | undefined): DockerfileOf {
  if (file === undefined) {
    const found = ["Dockerfile", "dockerfile"].find((name) => existsSync(join(folder, name)));
    if (found === undefined)
      throw wrong(`"${folder}" has no Dockerfile (name another one with -f, or read it with -f -)`);
    return found;
  }
  // Docker looks beside the user first, then in the context.
  const path = [resolve(file), join(folder, file)].find((each) => existsSync(each));
  if (path === undefined) throw wrong(`there is no Dockerfile "${file}"`);
  if (!statSync(path).isFile()) throw wrong(`"${file}" is no file`);
  const inside = (from: string, to: string) => /^(?!\.\.(\/|$))/.test(relative(from, to));
  if (inside(folder, path) && inside(realpathSync(folder), realpathSync(path))) return relative(folder, path);
  const own = `${path}.dockerignore`;
  const ignore = existsSync(own) ? readFileSync(own, "utf8") : null;
  return { name: basename(path), text: readFileSync(path, "utf8"), ignore };
}

async function typed(): Promise<InlineDockerfile> {
  if (isTerminal(0)) throw wrong("there is no Dockerfile on standard input: redirect one into it");
  return inlineFrom(process.stdin);
}

async function inlineFrom(bytes: AsyncIterable<Uint8Array>): Promise<InlineDockerfile> {
  return { name: "Dockerfile", text: (await collect(bytes)).toString("utf8"), ignore: null };
}

/** Of tar's header and of what compresses one: gzip, bzip2, xz, zstd. */
const MAGIC = ["1f8b", "425a68", "fd377a585a00", "28b52ffd"];
const TAR_AT = 257;

function isArchive(head: Buffer): boolean {
  if (head.toString("latin1", TAR_AT, TAR_AT + 5) === "ustar") return true;
  return MAGIC.some((magic) => head.toString("hex", 0, magic.length / 2) === magic);
}

/** A tar is the context; anything else is a Dockerfile that needs none. */
async function streamed(file: string | undefined): Promise<BuildContext> {
  if (isTerminal(0)) throw wrong("there is nothing to read: redirect a tar or a Dockerfile into it");
  const input = (process.stdin as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  const parts: Buffer[] = [];
  let length = 0;
  let done = false;
  while (!done && length < 512) {
    const next = await input.next();
    done = next.done === true;
    if (next.done) break;
    parts.push(next.value);
    length += next.value.length;
  }
  const rest = async function* () {
    yield* parts;
    while (!done) {
      const next = await input.next();
      if (next.done) return;
      yield next.value;
    }
  };
  if (isArchive(Buffer.concat(parts))) return { kind: "tar", bytes: rest(), dockerfile: file ?? null };
  if (file !== undefined) throw wrong("standard input is a Dockerfile, and -f names another one");
  return { kind: "none", dockerfile: await inlineFrom(rest()) };
}
