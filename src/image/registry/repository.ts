/** One repository of a registry: manifests and blobs by the distribution spec's API. */
import { type Digest, digestOf, isDigest } from "../../oci/digest.ts";
import { mediaType } from "../../oci/media-type.ts";
import { type Reference, repositoryOf } from "../../oci/reference.ts";
import { digestMismatch, maxDocument } from "../layout/blobs.ts";
import { addressOf } from "./address.ts";
import { authorizer } from "./auth.ts";
import { type BlobRequest, blobBytes } from "./blob.ts";
import { type Context, get, pulling, type RepositoryOptions } from "./get.ts";
import { bodyOf, isCertificateError, request } from "./http.ts";

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

const accept = [
  mediaType.ociIndex,
  mediaType.dockerIndex,
  mediaType.ociManifest,
  mediaType.dockerManifest,
].join(", ");

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

/** Opens the repository of a reference. Throws REGISTRY_UNREACHABLE. */
export async function openRepository(reference: Reference, options: RepositoryOptions): Promise<Repository> {
  const base = await findBase(reference, options.signal);
  const scope = `repository:${reference.path}:pull`;
  const context: Context = { reference, options, authorize: authorizer(scope, options.auth), base };
  return {
    manifest: (tagOrDigest) => manifest(context, tagOrDigest),
    blob: (r) => blobBytes(context, r),
  };
}

/** `docker.io/library/debian@sha256:…`. */
export function repoDigest(reference: Reference, digest: Digest): string {
  return `${repositoryOf(reference)}@${digest}`;
}
