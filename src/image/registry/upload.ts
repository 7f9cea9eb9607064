/**
 * A blob's upload (distribution spec, "Pushing blobs"): not at all where it is there, mounted where another repository
 * has it, in one request where it is small, else in one chunk that is continued where it broke.
 */
import type { Digest } from "../../oci/digest.ts";
import { InroError } from "../../oci/error.ts";
import { ask, type Context, isPassing, mayPass, patience, type Retrying, refusal } from "./ask.ts";
import { checkStored } from "./manifest.ts";
import { type BlobSource, sendPart } from "./part.ts";
import { afterChunk, beginUpload, cancelUpload, mountBlob, type Session, standOf } from "./session.ts";

export interface UploadOptions {
  /** A repository of the same registry that may have the blob. */
  readonly from?: string | undefined;
  /** How many bytes are on their way or there. */
  readonly onBytes?: (bytes: number) => void;
  readonly onRetry?: Retrying;
}

/** How the blob came to be there. */
export type Uploaded = "present" | "mounted" | "uploaded";

/** Bytes up to which a blob is sent with the request that ends its upload. */
const monolithic = 1 << 20;
/** Bytes of a chunk for a registry that refuses larger bodies. */
const smallChunk = 16 << 20;

/** An upload between its requests. */
interface Upload {
  readonly blob: BlobSource;
  readonly onBytes: (bytes: number) => void;
  readonly onRetry: Retrying | undefined;
  session: Session | undefined;
  /** The most bytes that one chunk may carry; less once a registry has refused as many. */
  most: number;
  /** Bytes up to which the blob goes with the request that ends its upload; any for a registry without chunks. */
  whole: number;
  /** It was continued once: a registry that counted otherwise than it said may have other bytes now. */
  mended: boolean;
}

/** `done`, or a request that did not bring the upload further: what to say of it, and to throw when it is given up. */
type Outcome =
  | "done"
  | "further"
  | { readonly why: string; readonly error: Error; readonly response?: Response };

/** Whether the repository has the blob. */
export async function hasBlob(c: Context, digest: Digest): Promise<boolean> {
  const path = `/v2/${c.reference.path}/blobs/${digest}`;
  return (await ask(c, { path, method: "HEAD", expected: [404] })).ok;
}

/** Of an answer that was not hoped for: whether another attempt may do better. Throws where none can. */
async function outcomeOf(c: Context, u: Upload, response: Response, isChunk: boolean): Promise<Outcome> {
  const error = await refusal(c, response);
  const { status } = response;
  const why = `it answered ${status}`;
  const tooLarge = status === 413 && u.most > smallChunk;
  if (tooLarge) u.most = smallChunk;
  const noChunks = isChunk && [400, 405, 501].includes(status);
  if (noChunks) u.whole = u.blob.size;
  const lost = status === 404 || status === 416;
  const damaged = error.code === "DIGEST_MISMATCH" && u.mended;
  if (tooLarge || noChunks || lost || damaged || mayPass(response)) return { why, error, response };
  throw error;
}

/** One request of the upload. Throws what no other attempt can mend. */
async function step(c: Context, u: Upload, session: Session): Promise<Outcome> {
  const { blob } = u;
  const { size } = blob;
  const isLast = session.had === size || (session.had === 0 && size <= u.whole);
  const length = Math.min(size - session.had, Math.max(u.most, session.minChunk));
  let response: Response;
  try {
    response = await sendPart(c, { blob, onBytes: u.onBytes, length, isLast }, session);
  } catch (error) {
    c.options.signal?.throwIfAborted();
    if (!isPassing(error)) throw error;
    return { why: (error as InroError).why, error: error as InroError };
  }
  if (!response.ok) return await outcomeOf(c, u, response, !isLast);
  await response.body?.cancel();
  if (isLast) {
    checkStored(c, response, u.blob.digest);
    return "done";
  }
  u.session = afterChunk(c, session, response, session.had + length);
  if (u.session.had > session.had) return "further";
  const why = `${c.domain} takes chunks and keeps nothing of them`;
  return { why, error: new InroError("REGISTRY_ERROR", { what: c.what, why }) };
}

/** Sends the blob's bytes into the session, into another one where the registry has forgotten it. */
async function send(c: Context, u: Upload): Promise<void> {
  const waiting = patience(c, u.onRetry);
  for (let furthest = 0; ; ) {
    u.session ??= await beginUpload(c, u.blob.digest, u.onRetry);
    const outcome = await step(c, u, u.session);
    if (outcome === "done") return;
    if (outcome !== "further") {
      if (!(await waiting.wait(outcome.why, outcome.response))) throw outcome.error;
      // The answer to the last request may be all that was lost.
      if (await hasBlob(c, u.blob.digest)) return;
      const damaged = outcome.error instanceof InroError && outcome.error.code === "DIGEST_MISMATCH";
      const stand = damaged ? undefined : await standOf(c, u.session);
      // A registry that says it has more than there is has something else.
      u.session = (stand?.had ?? 0) > u.blob.size ? undefined : stand;
      u.mended = !damaged && (u.session?.had ?? 0) > 0;
    }
    if ((u.session?.had ?? 0) <= furthest) continue;
    furthest = u.session?.had ?? 0;
    waiting.forward();
  }
}

/** Brings a blob into the repository. Throws UNAUTHORIZED, REGISTRY_BUSY, REGISTRY_ERROR, DIGEST_MISMATCH. */
export async function uploadBlob(c: Context, blob: BlobSource, options: UploadOptions): Promise<Uploaded> {
  if (await hasBlob(c, blob.digest)) return "present";
  const { from, onBytes = () => {}, onRetry } = options;
  const mounted = from === undefined ? undefined : await mountBlob(c, blob.digest, from);
  if (mounted === "mounted") return "mounted";
  const u: Upload = {
    ...{ blob, onBytes, onRetry, session: mounted },
    ...{ most: blob.size, whole: monolithic, mended: false },
  };
  try {
    await send(c, u);
    return "uploaded";
  } catch (error) {
    if (u.session !== undefined) await cancelUpload(c, u.session);
    throw error;
  }
}
