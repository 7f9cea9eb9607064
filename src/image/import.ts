/** `import`: a tar of a whole root file system becomes an image of one layer. */
import { InroError } from "../oci/error.ts";
import { hostPlatform, type Platform } from "../oci/platform.ts";
import type { Reference } from "../oci/reference.ts";
import { changed } from "./change.ts";
import { decompressed } from "./layer-stream.ts";
import type { MakeRequest } from "./make.ts";
import { isLoopback } from "./registry/address.ts";
import { request } from "./registry/http.ts";

export interface ImportOptions {
  readonly name: Reference | null;
  readonly comment: string;
  /** A Dockerfile's instructions (`CMD …`). */
  readonly changes: readonly string[];
  /** Null: the host's. */
  readonly platform: Platform | null;
}

const bare: MakeRequest["config"] = {
  ...{ User: "", ExposedPorts: {}, Env: [], Entrypoint: null, Cmd: null, Volumes: {}, WorkingDir: "" },
  ...{ Labels: {}, StopSignal: "", StopTimeout: null, Shell: null, OnBuild: null, Healthcheck: null },
};

/** A program that failed before a pipe sends nothing; that is no empty root, which is a tar of its own. */
async function* notEmpty(tar: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of tar) {
    bytes += chunk.length;
    yield chunk;
  }
  if (bytes === 0)
    throw new InroError("ARCHIVE_INVALID", { what: "cannot import", why: "there is nothing to read" });
}

/** What `import` says where its tar was refused as a layer: nobody has seen a layer of that digest. */
export function importFailure(cause: unknown): unknown {
  if (!(cause instanceof InroError) || !["LAYER_REFUSED", "LAYER_DAMAGED"].includes(cause.code)) return cause;
  const hint = "it has to be a tar of a root file system: plain, or compressed by gzip, zstd or xz";
  return new InroError("ARCHIVE_INVALID", { what: "cannot import", why: cause.why, hint, cause });
}

/** What is to be made of the tar, plain or compressed. INVALID_OPTION for a change that is none. */
export function importRequest(tar: AsyncIterable<Uint8Array>, o: ImportOptions): MakeRequest {
  const { name, comment, platform } = o;
  const config = changed(bare, o.changes);
  const made = { below: null, config, name, comment, author: "", createdBy: "", isForeign: true };
  return { ...made, tar: decompressed(notEmpty(tar)), platform: platform ?? hostPlatform() };
}

const maxRedirects = 5;

function unreachable(url: string, why: string, cause?: unknown): never {
  const what = `cannot import from ${url}`;
  throw new InroError("SOURCE_UNREACHABLE", {
    what,
    why,
    hint: "fetch it by other means, and import the file",
    cause,
  });
}

/** What an image is made of is not taken from where anybody on the way may change it. */
function allowed(text: string): URL {
  const url = URL.parse(text) ?? unreachable(text, "it is no URL");
  if (url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname))) return url;
  throw new InroError("SOURCE_INSECURE", {
    what: `cannot import from ${text}`,
    why: `${url.protocol.slice(0, -1)} is used for this host alone`,
    hint: "name it by https, or import a file",
  });
}

/** The bytes behind a URL; each redirection is checked as the URL itself. SOURCE_INSECURE, SOURCE_UNREACHABLE. */
export async function* fetched(text: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  let hops = 0;
  const judge = ({ href }: URL) => {
    if (++hops > maxRedirects) unreachable(text, `it redirects more than ${maxRedirects} times`);
    allowed(href);
  };
  const answer = await request({ url: allowed(text).href, signal, judge }).catch((cause: InroError) => {
    if (cause.code === "REGISTRY_UNREACHABLE") unreachable(text, cause.why, cause);
    throw cause;
  });
  if (!answer.ok || answer.body === null) unreachable(text, `the server answers ${answer.status}`);
  yield* answer.body as unknown as AsyncIterable<Uint8Array>;
}
