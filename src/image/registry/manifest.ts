/** Manifests and indexes of a repository (distribution spec, "Pulling manifests", "Pushing manifests"). */
import { algorithmOf, type Digest, digestAs, digestOf, isDigest } from "../../oci/digest.ts";
import { InroError } from "../../oci/error.ts";
import { mediaType } from "../../oci/media-type.ts";
import { digestMismatch, maxDocument } from "../layout/blobs.ts";
import { bodyOf } from "./answer.ts";
import { ask, type Context } from "./ask.ts";

export interface RemoteDocument {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly content: Buffer;
}

export interface Pushed {
  readonly digest: Digest;
  /** The registry itself lists it as a referrer of its subject (the OCI-Subject header). */
  readonly listed: boolean;
}

const accept = [
  mediaType.ociIndex,
  mediaType.dockerIndex,
  mediaType.ociManifest,
  mediaType.dockerManifest,
].join(", ");

const pathOf = (c: Context, tagOrDigest: string) => `/v2/${c.reference.path}/manifests/${tagOrDigest}`;

/** Whether a registry stored what it was given, as far as it says so. Throws DIGEST_MISMATCH. */
export function checkStored(c: Context, response: Response, digest: Digest): void {
  const told = response.headers.get("docker-content-digest") ?? "";
  if (!isDigest(told) || told === digest || algorithmOf(told) !== algorithmOf(digest)) return;
  const why = `${c.domain} has stored it as ${told}`;
  const hint = "the registry, or a proxy before it, changes what passes";
  throw new InroError("DIGEST_MISMATCH", { what: `${c.what}, ${digest}`, why, hint });
}

/** Whatever the algorithm of the digest that it was asked or given by. */
function checkTold(told: string | null, content: Uint8Array, what: string): void {
  if (told === null || !isDigest(told)) return;
  const digest = digestAs(told, content);
  if (told !== digest) throw digestMismatch(told, digest, what);
}

async function documentOf(c: Context, tagOrDigest: string, response: Response): Promise<RemoteDocument> {
  const content = await bodyOf(response, maxDocument);
  const type = (response.headers.get("content-type") ?? "").split(";")[0]?.trim() ?? "";
  const told = isDigest(tagOrDigest) ? tagOrDigest : response.headers.get("docker-content-digest");
  const digest = digestOf(content);
  checkTold(told, content, `${c.what}, manifest ${tagOrDigest}`);
  return { mediaType: type, digest, content };
}

/** Throws NO_SUCH_IMAGE, DIGEST_MISMATCH. */
export async function fetchManifest(c: Context, tagOrDigest: string): Promise<RemoteDocument> {
  return await documentOf(
    c,
    tagOrDigest,
    await ask(c, { path: pathOf(c, tagOrDigest), headers: { accept } }),
  );
}

/** The same; undefined where there is none. */
export async function findManifest(c: Context, tagOrDigest: string): Promise<RemoteDocument | undefined> {
  const response = await ask(c, { path: pathOf(c, tagOrDigest), headers: { accept }, expected: [404] });
  if (response.ok) return await documentOf(c, tagOrDigest, response);
  await response.body?.cancel();
  return undefined;
}

/** Puts a document under a tag or its digest; what it names has to be there. */
export async function putManifest(
  c: Context,
  document: { readonly content: Uint8Array; readonly mediaType: string },
  tagOrDigest: string,
): Promise<Pushed> {
  const { content, mediaType: type } = document;
  const headers = { "content-type": type, "content-length": String(content.length) };
  const path = pathOf(c, tagOrDigest);
  const response = await ask(c, { path, method: "PUT", headers, body: () => content });
  await response.body?.cancel();
  const digest = digestOf(content);
  checkStored(c, response, digest);
  return { digest, listed: response.headers.has("oci-subject") };
}
