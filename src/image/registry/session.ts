/** An upload's session with a registry (distribution spec, "Pushing blobs"): begun, asked where it stands, given up. */
import { algorithmOf, type Digest } from "../../oci/digest.ts";
import { ask, askOnce, type Context, type Retrying } from "./ask.ts";
import { uploadLocation } from "./location.ts";

export interface Session {
  readonly location: string;
  /** Bytes that the registry has. */
  readonly had: number;
  /** Bytes that a chunk has at least, the last one apart. */
  readonly minChunk: number;
}

const uploads = (c: Context) => `/v2/${c.reference.path}/blobs/uploads/`;

function sessionOf(c: Context, response: Response): Session {
  const least = /^\d{1,15}$/.exec(response.headers.get("oci-chunk-min-length") ?? "")?.[0];
  return { location: uploadLocation(c, response), had: 0, minChunk: Number(least ?? 0) };
}

/** Milliseconds that giving up may take; whoever asked for the push has been answered, or has left. */
const cancelTime = 10_000;

/**
 * The same with an end that comes later: a request that is broken off may have begun an upload that nobody could give
 * back, so its answer is waited for a moment longer.
 */
function lingering(c: Context): Context {
  const { signal } = c.options;
  signal?.throwIfAborted();
  const later = new AbortController();
  const end = () => setTimeout(() => later.abort(signal?.reason), cancelTime).unref();
  signal?.addEventListener("abort", end, { once: true });
  return { ...c, options: { ...c.options, signal: later.signal } };
}

/** Asks for the blob of another repository; a session may be what the registry gives instead of it. */
export async function mountBlob(
  c: Context,
  digest: Digest,
  from: string,
): Promise<Session | "mounted" | undefined> {
  const path = `${uploads(c)}?mount=${encodeURIComponent(digest)}&from=${encodeURIComponent(from)}`;
  const response = await askOnce(lingering(c), { path, method: "POST", body: () => "" });
  await response.body?.cancel();
  if (response.status === 201) return "mounted";
  // Whatever else it says, of the rights to the other repository for instance, does not hinder an upload.
  return response.status === 202 ? sessionOf(c, response) : undefined;
}

export async function beginUpload(
  c: Context,
  digest: Digest,
  onRetry: Retrying | undefined,
): Promise<Session> {
  const algorithm = algorithmOf(digest);
  const path = algorithm === "sha256" ? uploads(c) : `${uploads(c)}?digest-algorithm=${algorithm}`;
  const response = await ask(lingering(c), { path, method: "POST", body: () => "", onRetry });
  await response.body?.cancel();
  return sessionOf(c, response);
}

/** `Range: 0-<end>` of an answer; undefined where it says nothing. */
function rangeOf(response: Response): number | undefined {
  const end = /^(?:bytes=)?0-(\d+)$/.exec(response.headers.get("range") ?? "")?.[1];
  return end === undefined ? undefined : Number(end) + 1;
}

/** The session after a chunk up to `sent`, of which the registry may have taken less. */
export function afterChunk(c: Context, session: Session, response: Response, sent: number): Session {
  const had = Math.min(rangeOf(response) ?? sent, sent);
  return { ...session, location: uploadLocation(c, response), had };
}

/** Where the registry's side stands; undefined where it knows of none. */
export async function standOf(c: Context, session: Session): Promise<Session | undefined> {
  const response = await ask(c, { path: session.location, expected: [400, 404, 405, 416] });
  await response.body?.cancel();
  if (!response.ok) return undefined;
  const had = rangeOf(response) ?? 0;
  const moved = response.headers.has("location");
  const location = moved ? uploadLocation(c, response) : session.location;
  // Docker's registry says 0-0 of an upload that has no byte.
  return { ...session, location, had: had === 1 ? 0 : had };
}

/** Frees what the registry keeps for an upload that is given up; that it fails is ignored, as the specification says. */
export async function cancelUpload(c: Context, { location }: Session): Promise<void> {
  const signal = AbortSignal.timeout(cancelTime);
  // The connection that it goes over may be the one that was just broken off.
  const options = { ...c.options, signal, attempts: 3, retryBase: 50 };
  const response = await ask({ ...c, options }, { path: location, method: "DELETE" }).catch(() => undefined);
  await response?.body?.cancel();
}
