/** A blob's download: resumed where it broke, given up when it no longer comes forward. */
import type { Digest } from "../../oci/digest.ts";
import { InroError, reasonOf } from "../../oci/error.ts";
import { ask, type Context, patience, type RepositoryOptions, type Retrying } from "./ask.ts";

export interface BlobRequest {
  readonly digest: Digest;
  /** Bytes, as the manifest promises. */
  readonly size: number;
  /** Bytes that the taker has already. */
  readonly from?: number;
  readonly onRetry?: Retrying;
}

/** Milliseconds without a byte after which a download counts as broken. */
const silence = 60_000;
/** Bytes that have to come within that time: a kilobyte a second. */
const least = 60 * 1024;
/** How often it may be as slow as that, with less than this many bytes in between, before the blob is given up. */
const slowest = 3;
const recovered = 1 << 20;

/** It came, but too slowly to wait for. */
class TooSlow extends Error {}

/** Reads one answer; throws what broke it. Only the time counts in which the taker waits for the registry. */
async function* bodyBytes(response: Response, { signal, silence: time = silence }: RepositoryOptions) {
  if (response.body === null) return;
  const reader = response.body.getReader();
  let [came, waited] = [0, 0];
  const tooSlow = () => {
    const what = came === 0 ? "nothing" : `only ${came} bytes`;
    return new TooSlow(`${what} came within ${time / 1000} s`);
  };
  try {
    for (;;) {
      signal?.throwIfAborted();
      const asked = performance.now();
      const late = Promise.withResolvers<never>();
      const timer = setTimeout(() => late.reject(tooSlow()), time - waited);
      const part = await Promise.race([reader.read(), late.promise]).finally(() => clearTimeout(timer));
      if (part.done) return;
      waited += performance.now() - asked;
      came += part.value.length;
      if (came >= least) [came, waited] = [0, 0];
      yield part.value;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

/** The first byte of an answer (RFC 9110, 14.4); a registry that does not honour the range begins with the blob's. */
function firstOf(response: Response, asked: number): number {
  if (response.status !== 206) return 0;
  const told = /^bytes (\d+)-/.exec(response.headers.get("content-range") ?? "")?.[1];
  return told === undefined ? asked : Number(told);
}

// Passes over what an answer repeats.
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

function otherRange({ domain }: Context, what: string, first: number, asked: number): InroError {
  const why = `${domain} was asked for the bytes from ${asked} on, and gives those from ${first} on`;
  return new InroError("REGISTRY_ERROR", { what, why });
}

/** The blob's bytes, `size` of them. The digest is for the taker to check. */
export async function* blobBytes(
  c: Context,
  { digest, size, from = 0, onRetry }: BlobRequest,
): AsyncGenerator<Uint8Array> {
  const path = `/v2/${c.reference.path}/blobs/${digest}`;
  const { signal } = c.options;
  const what = `${c.what}, blob ${digest}`;
  const waiting = patience(c, onRetry);
  let slow = { times: 0, at: from };
  for (let had = from; ; ) {
    let why = "";
    try {
      const headers: Record<string, string> = had === 0 ? {} : { range: `bytes=${had}-` };
      const response = await ask(c, { path, headers, onRetry });
      checkLength(response, size, had, what);
      const first = firstOf(response, had);
      if (first > had) throw otherRange(c, what, first, had);
      for await (const chunk of afterFirst(bodyBytes(response, c.options), had - first)) {
        had += chunk.length;
        waiting.forward();
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
      why = reasonOf(error);
      if (had === size) return;
      if (error instanceof TooSlow) slow = { times: had - slow.at > recovered ? 1 : slow.times + 1, at: had };
    }
    if (slow.times === slowest || !(await waiting.wait(why)))
      throw new InroError("BLOB_TRUNCATED", { what, why, hint: "pull again" });
  }
}
