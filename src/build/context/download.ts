import { closeSync, futimesSync, openSync, writeSync } from "node:fs";
import { basename, join } from "node:path";
import { basic } from "../../image/registry/basic.ts";
import { request } from "../../image/registry/http.ts";
import { type Digest, digester } from "../../oci/digest.ts";
import { InroError, reasonOf } from "../../oci/error.ts";
import { diskFull } from "../../platform/disk-full.ts";
import { spent } from "../../platform/spent.ts";
import { shown } from "./remote.ts";

export interface DownloadOptions {
  /** `--checksum`: `sha256:…`. */
  readonly checksum?: Digest | undefined;
  /** An Authorization header, which no other server gets. */
  readonly authorization?: string | undefined;
  /** Bytes; more is refused. */
  readonly most?: number;
  readonly signal?: AbortSignal | undefined;
}

/** One file, alone in its folder. */
export interface Download {
  readonly folder: string;
  /** The last name of the URL's path; "" where it has none. */
  readonly name: string;
  /** What it is called in the folder. */
  readonly file: string;
  readonly digest: Digest;
  /** The server's strong ETag. */
  readonly tag: string | undefined;
}

const mostBytes = 64 * 2 ** 30;
/** Milliseconds without a byte. */
const silence = 60_000;

/**
 * Gets a file into an empty folder, by http or https; at most ten redirects are followed, and none to another protocol. Its
 * mode is 0600, and its time what the server says, or 1970. DOWNLOAD_FAILED, DOWNLOAD_MISMATCH, NO_SPACE
 */
export async function download(folder: string, url: string, o: DownloadOptions = {}): Promise<Download> {
  const response = await answerOf(url, o);
  const name = nameIn(url);
  const file = name === "" ? "download" : name;
  const total = Number(response.headers.get("content-length") ?? Number.NaN);
  const hash = digester();
  const most = o.most ?? mostBytes;
  const descriptor = openSync(join(folder, file), "wx", 0o600);
  try {
    let bytes = 0;
    for await (const chunk of patient(url, response, o.signal)) {
      bytes += chunk.length;
      if (bytes > most) throw failed(url, `it is larger than ${most} bytes`);
      hash.update(chunk);
      for (let at = 0; at < chunk.length; ) at += writeSync(descriptor, chunk, at);
      spent(chunk.length);
    }
    if (bytes < total) throw failed(url, `the connection ended after ${bytes} of ${total} bytes`);
    const modified = Date.parse(response.headers.get("last-modified") ?? "");
    const seconds = Number.isNaN(modified) ? 0 : modified / 1000;
    futimesSync(descriptor, seconds, seconds);
  } catch (cause) {
    throw diskFull(cause, { what: `cannot store ${shown(url)}`, folder }) ?? cause;
  } finally {
    closeSync(descriptor);
  }
  const digest = hash.digest();
  if (o.checksum !== undefined && o.checksum !== digest)
    throw new InroError("DOWNLOAD_MISMATCH", {
      what: `cannot use ${shown(url)}`,
      why: `its digest is ${digest}, not ${o.checksum}`,
      hint: "what is behind the URL was changed, or the checksum is of another file",
      at: "--checksum",
    });
  return { folder, name, file, digest, tag: strongTag(response) };
}

/** The strong ETag of what is behind a URL now; undefined where the server does not tell one. */
export async function tagOf(url: string, o: DownloadOptions): Promise<string | undefined> {
  try {
    return strongTag(await answerOf(url, o, "HEAD"));
  } catch (cause) {
    // What a server makes of HEAD is no matter: GET will tell.
    if (cause instanceof InroError && cause.code === "DOWNLOAD_FAILED") return undefined;
    throw cause;
  }
}

function strongTag(response: Response): string | undefined {
  const tag = response.headers.get("etag");
  return tag !== null && /^"[^"]+"$/.test(tag) ? tag : undefined;
}

/** Of the URL's path, decoded; nothing that would be a way. */
function nameIn(url: string): string {
  const last = basename(new URL(url).pathname);
  let name = last;
  try {
    name = decodeURIComponent(last);
  } catch {
    // It stays as it is written.
  }
  return /^\.{0,2}$|[/\0]/.test(name) || Buffer.byteLength(name) > 255 ? "" : name;
}

async function answerOf(
  url: string,
  { authorization, signal }: DownloadOptions,
  method = "GET",
): Promise<Response> {
  const bare = URL.parse(url);
  if (bare === null) throw failed(url, "it is no URL");
  const { username, password } = bare;
  const own = username === "" ? undefined : basic(decodeURIComponent(username), decodeURIComponent(password));
  const credentials = authorization ?? own;
  bare.username = bare.password = bare.hash = "";
  const headers = credentials === undefined ? {} : { authorization: credentials };
  let response: Response;
  try {
    response = await request({ url: bare.href, method, headers, signal });
  } catch (cause) {
    signal?.throwIfAborted();
    throw failed(url, cause instanceof InroError ? cause.why : String(cause), cause);
  }
  if (response.status === 200) return response;
  await response.body?.cancel();
  throw failed(url, `the server answers ${response.status} ${response.statusText}`.trim());
}

/** What comes, as long as something comes. */
async function* patient(
  url: string,
  response: Response,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  if (reader === undefined) return;
  try {
    for (;;) {
      signal?.throwIfAborted();
      const { promise, resolve } = Promise.withResolvers<"silent">();
      const timer = setTimeout(resolve, silence, "silent" as const);
      const abort = () => resolve("silent");
      signal?.addEventListener("abort", abort, { once: true });
      try {
        const next = await Promise.race([reader.read(), promise]);
        signal?.throwIfAborted();
        if (next === "silent") throw failed(url, `nothing came for ${silence / 1000} seconds`);
        if (next.done) return;
        yield next.value;
      } finally {
        clearTimeout(timer);
        signal?.removeEventListener("abort", abort);
      }
    }
  } catch (cause) {
    signal?.throwIfAborted();
    if (cause instanceof InroError) throw cause;
    throw failed(url, reasonOf(cause), cause);
  } finally {
    await reader.cancel().catch(() => {});
  }
}

const failed = (url: string, why: string, cause?: unknown) =>
  new InroError("DOWNLOAD_FAILED", {
    what: `cannot download ${shown(url)}`,
    why,
    hint: "check the URL, and the network",
    cause,
  });
