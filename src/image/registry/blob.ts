/** A blob's download: resumed where it broke, given up when it no longer comes forward. */
import type { Digest } from "../../oci/digest.ts";
import { InroError } from "../../oci/error.ts";
import { ask, type Context, patience, type Retrying } from "./ask.ts";

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

/** The blob's bytes, `size` of them. The digest is for the taker to check. */
export async function* blobBytes(
  c: Context,
  { digest, size, from = 0, onRetry }: BlobRequest,
): AsyncGenerator<Uint8Array> {
  const path = `/v2/${c.reference.path}/blobs/${digest}`;
  const { signal } = c.options;
  const what = `${c.what}, blob ${digest}`;
  const waiting = patience(c, onRetry);
  for (let had = from; ; ) {
    let why = "";
    try {
      const headers: Record<string, string> = had === 0 ? {} : { range: `bytes=${had}-` };
      const response = await ask(c, { path, headers, onRetry });
      checkLength(response, size, had, what);
      const bytes = bodyBytes(response, signal);
      for await (const chunk of response.status === 206 || had === 0 ? bytes : afterFirst(bytes, had)) {
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
      why = error instanceof Error ? error.message : String(error);
      if (had === size) return;
    }
    if (!(await waiting.wait(why))) throw new InroError("BLOB_TRUNCATED", { what, why, hint: "pull again" });
  }
}
