/** One request of a blob's upload: a chunk, or the end with what is left. */
import type { Digest } from "../../oci/digest.ts";
import { InroError } from "../../oci/error.ts";
import { askOnce, type Context } from "./ask.ts";
import { withParameter } from "./location.ts";
import type { Session } from "./session.ts";

export interface BlobSource {
  readonly digest: Digest;
  readonly size: number;
  /** The blob's bytes from an offset on. */
  read(from: number): AsyncIterable<Uint8Array>;
}

/** What is sent, of what, and who is told. */
export interface Part {
  readonly blob: BlobSource;
  readonly onBytes: (bytes: number) => void;
  readonly length: number;
  /** It ends the upload. */
  readonly isLast: boolean;
}

/** The bytes, told as they are taken. */
async function* bytesOf({ blob, onBytes, length }: Part, from: number): AsyncGenerator<Uint8Array> {
  let left = length;
  for await (const chunk of blob.read(from)) {
    const own = chunk.subarray(0, left);
    left -= own.length;
    onBytes(from + length - left);
    yield own;
    if (left === 0) return;
  }
  const what = `cannot read blob ${blob.digest}`;
  throw new InroError("BLOB_TRUNCATED", { what, why: `it ends ${left} bytes too early` });
}

/** Sends the part from where the session stands; however it is answered. */
export function sendPart(c: Context, part: Part, { location, had }: Session): Promise<Response> {
  const { blob, length, isLast } = part;
  const range = isLast ? {} : { "content-range": `${had}-${had + length - 1}` };
  const type = length === 0 ? {} : { "content-type": "application/octet-stream" };
  return askOnce(c, {
    path: isLast ? withParameter(location, "digest", blob.digest) : location,
    method: isLast ? "PUT" : "PATCH",
    headers: { "content-length": String(length), ...type, ...range },
    body: () => (length === 0 ? "" : bytesOf(part, had)),
  });
}
