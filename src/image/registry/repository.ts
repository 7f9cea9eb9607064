/** One repository of a registry: manifests and blobs by the distribution spec's API. */
import { type Digest, digestOf, isDigest } from "../../oci/digest.ts";
import { InroError } from "../../oci/error.ts";
import { mediaType } from "../../oci/media-type.ts";
import { familiarName, type Reference, repositoryOf } from "../../oci/reference.ts";
import type { RegistryAuth } from "../images.ts";
import { digestMismatch, maxDocument } from "../layout/blobs.ts";
import { addressOf } from "./address.ts";
import { type Authorizer, authorizer } from "./auth.ts";
import { backOff, bodyOf, isCertificateError, pause, request } from "./http.ts";

export type Retrying = (notice: { attempt: number; delayMs: number; why: string }) => void;

export interface BlobRequest {
  readonly digest: Digest;
  /** Bytes, as the manifest promises. */
  readonly size: number;
  readonly onRetry?: Retrying;
}

export interface RemoteDocument {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly content: Buffer;
}

export interface Repository {
  manifest(tagOrDigest: string): Promise<RemoteDocument>;
  /** The blob's bytes, `size` of them; a broken connection is resumed. The digest is for the taker to check. */
  blob(r: BlobRequest): AsyncGenerator<Uint8Array>;
}

export interface RepositoryOptions {
  readonly auth?: RegistryAuth;
  readonly signal?: AbortSignal;
  /** Milliseconds before the first repetition; it doubles. */
  readonly retryBase?: number;
}

const accept = [
  mediaType.ociIndex,
  mediaType.dockerIndex,
  mediaType.ociManifest,
  mediaType.dockerManifest,
].join(", ");
const maxAttempts = 6;
const retried = (status: number) => status === 429 || status === 408 || status >= 500;

/** Milliseconds without a byte after which a download counts as broken. */
const silence = 60_000;

interface Context {
  readonly reference: Reference;
  readonly options: RepositoryOptions;
  readonly authorize: Authorizer;
  base: string;
}

const pulling = (c: Context) => `cannot pull "${familiarName(c.reference)}"`;

function refusal(c: Context, status: number, body: string): InroError {
  const what = pulling(c);
  const { domain } = c.reference;
  if (status === 401 || status === 403) {
    const why = `${domain} wants to know who asks, or has no such repository`;
    return new InroError("UNAUTHORIZED", { what, why, hint: `check the name, or log in to ${domain}` });
  }
  if (status === 404) {
    return new InroError("NO_SUCH_IMAGE", {
      what,
      why: `${domain} has no such image`,
      hint: "check the name and the tag",
    });
  }
  if (status === 429)
    return new InroError("REGISTRY_BUSY", {
      what,
      why: `${domain} limits how often it is asked`,
      hint: "wait, or log in",
    });
  if (status === 416) {
    return new InroError("BLOB_TRUNCATED", {
      what,
      why: `${domain} has less of a blob than its manifest promises`,
    });
  }
  const said = body.trim() === "" ? "" : `: ${body.trim().slice(0, 300)}`;
  return new InroError("REGISTRY_ERROR", { what, why: `${domain} answered ${status}${said}` });
}

// Answers a challenge once or twice, and repeats what the registry or the network may do better next time.
async function get(
  c: Context,
  path: string,
  headers: Record<string, string>,
  onRetry?: Retrying,
): Promise<Response> {
  const { signal } = c.options;
  let challenged = 0;
  for (let attempt = 1; ; attempt++) {
    const authorization = c.authorize.current();
    const all = authorization === undefined ? headers : { ...headers, authorization };
    const response = await request({ url: `${c.base}${path}`, headers: all, signal }).catch(
      (error: InroError) => error,
    );
    if (!(response instanceof InroError) && response.status < 300) return response;
    if (!(response instanceof InroError)) {
      const challenge = response.headers.get("www-authenticate");
      const body = (await bodyOf(response, 1 << 20)).toString("utf8");
      if (
        response.status === 401 &&
        challenge !== null &&
        challenged++ < 2 &&
        (await c.authorize.answer(challenge, signal))
      )
        continue;
      if (!retried(response.status) || attempt === maxAttempts) throw refusal(c, response.status, body);
    } else if (attempt === maxAttempts || isFinal(response)) throw response;
    const answered = response instanceof InroError ? undefined : response;
    const delayMs = backOff(attempt, c.options.retryBase ?? 250, answered);
    onRetry?.({
      attempt,
      delayMs,
      why: answered === undefined ? (response as InroError).why : `it answered ${answered.status}`,
    });
    await pause(delayMs, signal);
  }
}

// Nobody listens, no such name, a wrong certificate: that does not pass by itself in a second.
function isFinal(error: unknown): boolean {
  if (!(error instanceof InroError)) return true;
  const code = (error.cause as { code?: string } | undefined)?.code ?? "";
  return !/ConnectionClosed|ECONNRESET|Timeout|EPIPE/i.test(code);
}

/** Finds out how the registry speaks. https://…/v2/ answers 200 or 401 (distribution spec, "Determining Support"). */
async function findBase(reference: Reference, signal: AbortSignal | undefined): Promise<string> {
  const { bases } = addressOf(reference.domain);
  let failure: unknown;
  for (const base of bases) {
    try {
      const response = await request({ url: `${base}/v2/`, signal });
      await response.body?.cancel();
      return base;
    } catch (error) {
      failure = error;
      if (isCertificateError(error)) break;
    }
  }
  throw failure;
}

async function manifest(c: Context, tagOrDigest: string): Promise<RemoteDocument> {
  const path = `/v2/${c.reference.path}/manifests/${tagOrDigest}`;
  const response = await get(c, path, { accept });
  const content = await bodyOf(response, maxDocument);
  const type = (response.headers.get("content-type") ?? "").split(";")[0]?.trim() ?? "";
  const told = isDigest(tagOrDigest) ? tagOrDigest : (response.headers.get("docker-content-digest") ?? "");
  const digest = digestOf(content);
  if (isDigest(told) && told.startsWith("sha256:") && told !== digest) {
    throw digestMismatch(told, digest, `${pulling(c)}, manifest ${tagOrDigest}`);
  }
  return { mediaType: type, digest, content };
}

// Reads one answer; throws what broke it.
async function* bodyBytes(response: Response, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  if (response.body === null) return;
  const reader = response.body.getReader();
  try {
    for (;;) {
      signal?.throwIfAborted();
      let timer: ReturnType<typeof setTimeout> | undefined;
      const silent = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`nothing came for ${silence / 1000} s`)), silence);
      });
      const part = await Promise.race([reader.read(), silent]).finally(() => clearTimeout(timer));
      if (part.done) return;
      yield part.value;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

// Passes over what an answer repeats because the registry did not honour the range.
async function* afterFirst(source: AsyncIterable<Uint8Array>, skip: number): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    if (skip >= chunk.length) skip -= chunk.length;
    else {
      yield chunk.subarray(skip);
      skip = 0;
    }
  }
}

// Of a whole answer: what cannot become the blob is not downloaded first.
function checkLength(response: Response, size: number, had: number, what: string): void {
  const told = Number(response.headers.get("content-length") ?? Number.NaN);
  if (had > 0 || response.status !== 200 || Number.isNaN(told) || told === size) return;
  const why = `the registry has ${told} bytes, the manifest promises ${size}`;
  throw new InroError(told < size ? "BLOB_TRUNCATED" : "BLOB_TOO_LARGE", { what, why });
}

async function* blob(c: Context, { digest, size, onRetry }: BlobRequest): AsyncGenerator<Uint8Array> {
  const path = `/v2/${c.reference.path}/blobs/${digest}`;
  const { signal } = c.options;
  const what = `${pulling(c)}, blob ${digest}`;
  let had = 0;
  for (let attempt = 1; ; attempt++) {
    const before = had;
    let why = "";
    try {
      const response = await get(c, path, had === 0 ? {} : { range: `bytes=${had}-` }, onRetry);
      checkLength(response, size, had, what);
      const bytes = bodyBytes(response, signal);
      for await (const chunk of response.status === 206 || had === 0 ? bytes : afterFirst(bytes, had)) {
        had += chunk.length;
        if (had > size)
          throw new InroError("BLOB_TOO_LARGE", {
            what,
            why: `it is larger than the ${size} bytes that its manifest promises`,
          });
        yield chunk;
      }
      if (had === size) return;
      why = `the connection ended after ${had} of ${size} bytes`;
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof InroError) throw error;
      why = error instanceof Error ? error.message : String(error);
      if (had === size) return;
    }
    // Whatever brings the download forward may go on; only standing still is counted.
    if (had > before) attempt = 1;
    if (attempt >= maxAttempts) throw new InroError("BLOB_TRUNCATED", { what, why, hint: "pull again" });
    const delayMs = backOff(attempt, c.options.retryBase ?? 250);
    onRetry?.({ attempt, delayMs, why });
    await pause(delayMs, signal);
  }
}

/** Opens the repository of a reference. Throws REGISTRY_UNREACHABLE. */
export async function openRepository(reference: Reference, options: RepositoryOptions): Promise<Repository> {
  const base = await findBase(reference, options.signal);
  const scope = `repository:${reference.path}:pull`;
  const context: Context = { reference, options, authorize: authorizer(scope, options.auth), base };
  return {
    manifest: (tagOrDigest) => manifest(context, tagOrDigest),
    blob: (r) => blob(context, r),
  };
}

/** `docker.io/library/debian@sha256:…`. */
export function repoDigest(reference: Reference, digest: Digest): string {
  return `${repositoryOf(reference)}@${digest}`;
}
