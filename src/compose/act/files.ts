/** Secrets and configurations that are copied into containers, with the owner and mode that were asked for. */
import { readFile } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { extract, pack } from "tar-stream";
import { ApiError, at, type Client } from "../../client/client.ts";
import { InroError } from "../../oci/error.ts";
import type { Use } from "../converge/files.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** COMPOSE_FILE_MISSING: a file that cannot be read, a variable that is not there. */
async function contentOf({ kind, key, object }: Use, env: Env): Promise<Uint8Array> {
  const fail = (why: string, hint: string) =>
    new InroError("COMPOSE_FILE_MISSING", { what: `cannot read the ${kind} "${key}"`, why, hint });
  if (object.content !== undefined) return Buffer.from(object.content);
  if (object.environment !== undefined) {
    const value = env[object.environment];
    if (value !== undefined) return Buffer.from(value);
    throw fail(`the variable "${object.environment}" is not set`, "set it where inro compose is called");
  }
  try {
    return await readFile(object.file ?? "");
  } catch (error) {
    throw fail((error as Error).message, "correct its `file:`");
  }
}

/** Puts them into a container that has not run yet. COMPOSE_FILE_MISSING. */
export async function putFiles(
  client: Client,
  container: string,
  files: readonly Use[],
  env: Env,
): Promise<void> {
  const own = files.filter(({ owner }) => owner !== undefined);
  const users = files.filter(({ owner }) => owner === undefined);
  await put(client, container, await packed(own, env), { copyUIDGID: false });
  await put(client, container, await packed(users, env), { copyUIDGID: true });
}

async function packed(files: readonly Use[], env: Env): Promise<AsyncIterable<Uint8Array> | undefined> {
  if (files.length === 0) return undefined;
  const contents = await Promise.all(files.map(async (file) => [file, await contentOf(file, env)] as const));
  const tar = pack();
  const mtime = new Date();
  for (const [{ target, owner = { uid: 0, gid: 0 }, mode }, content] of contents)
    tar.entry({ name: target.slice(1), ...owner, mode, mtime, size: content.length }, Buffer.from(content));
  tar.finalize();
  return tar as AsyncIterable<Uint8Array>;
}

/** `copyUIDGID`: all is the container's user's, whatever the tar says. */
async function put(
  client: Client,
  container: string,
  stream: AsyncIterable<Uint8Array> | undefined,
  { copyUIDGID }: { readonly copyUIDGID: boolean },
): Promise<void> {
  if (stream === undefined) return;
  const answer = await client.send({
    method: "PUT",
    path: at`/containers/${container}/archive`,
    query: { path: "/", noOverwriteDirNonDir: true, copyUIDGID },
    headers: { "content-type": "application/x-tar" },
    stream,
  });
  answer.close();
}

/** Whether a container has it with another content. One that has it no more has done so itself. */
export async function isOutdated(client: Client, container: string, file: Use, env: Env): Promise<boolean> {
  try {
    const answer = await client.send({
      method: "GET",
      path: at`/containers/${container}/archive`,
      query: { path: file.target },
    });
    const there = await firstEntry(answer.body);
    return !Buffer.from(await contentOf(file, env)).equals(there);
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return false;
    // Nobody can tell here what it would be.
    if (error instanceof InroError && error.code === "COMPOSE_FILE_MISSING") return false;
    throw error;
  }
}

async function firstEntry(tar: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const reader = extract();
  const feeding = pipeline(tar, reader).catch((error: Error) => reader.destroy(error));
  const parts: Uint8Array[] = [];
  let first = true;
  for await (const entry of reader) {
    if (first) for await (const part of entry) parts.push(part as Uint8Array);
    else entry.resume();
    first = false;
  }
  await feeding;
  return Buffer.concat(parts);
}
