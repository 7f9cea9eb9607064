/** One repository of a registry: manifests and blobs by the distribution spec's API, in both directions. */
import type { Descriptor } from "../../oci/descriptor.ts";
import { type Digest, digestAs, digestOf } from "../../oci/digest.ts";
import { familiarName, type Reference, repositoryOf } from "../../oci/reference.ts";
import { addressOf } from "./address.ts";
import type { Context, RepositoryOptions } from "./ask.ts";
import { authorizer } from "./auth.ts";
import { type BlobRequest, blobBytes } from "./blob.ts";
import { isCertificateError, request } from "./http.ts";
import { fetchManifest, findManifest, type Pushed, putManifest, type RemoteDocument } from "./manifest.ts";
import type { BlobSource } from "./part.ts";
import { listReferrers, putReferrer } from "./referrers.ts";
import { listTags } from "./tags.ts";
import { type Uploaded, type UploadOptions, uploadBlob } from "./upload.ts";

export type { RemoteDocument } from "./manifest.ts";

type Written = Pick<RemoteDocument, "content" | "mediaType">;

export interface Repository {
  manifest(tagOrDigest: string): Promise<RemoteDocument>;
  /** The same; undefined where there is none. */
  find(tagOrDigest: string): Promise<RemoteDocument | undefined>;
  /** All of them, in the registry's order. */
  tags(): Promise<readonly string[]>;
  /** The blob's bytes, `size` of them; a broken connection is resumed. The digest is for the taker to check. */
  blob(r: BlobRequest): AsyncGenerator<Uint8Array>;
  /** The same of a small one; undefined where they are not what the digest says. */
  bytes(blob: Pick<Descriptor, "digest" | "size">): Promise<Buffer | undefined>;
  /** What refers to a manifest (signatures, …), of one type of artifact if one is given. */
  referrers(digest: Digest, artifactType?: string): Promise<readonly Descriptor[]>;
  /** Brings a blob there unless it is there. */
  putBlob(blob: BlobSource, options?: UploadOptions): Promise<Uploaded>;
  /** The same for a small one. */
  putBytes(content: Uint8Array): Promise<{ readonly digest: Digest; readonly size: number }>;
  /** What the document names has to be there before. */
  putManifest(document: Written, tagOrDigest: string): Promise<Pushed>;
  /** A manifest with a `subject`, by its digest: `referrers` of the subject list it then. */
  putReferrer(document: Written): Promise<Pushed>;
}

/** Finds out how the registry speaks. https://…/v2/ answers 200 or 401 (distribution spec, "Determining Support"). */
async function findBase(
  { domain }: Reference,
  { signal, silence, insecure }: RepositoryOptions,
): Promise<string> {
  const { bases } = addressOf(domain, insecure);
  let failure: unknown;
  for (const base of bases) {
    try {
      const response = await request({ url: `${base}/v2/`, signal, silence });
      await response.body?.cancel();
      return base;
    } catch (error) {
      failure = error;
      if (isCertificateError(error)) break;
    }
  }
  throw failure;
}

async function* bytesOf(content: Uint8Array): AsyncGenerator<Uint8Array> {
  yield content;
}

/** Opens the repository of a reference. Throws REGISTRY_UNREACHABLE. */
export async function openRepository(reference: Reference, options: RepositoryOptions): Promise<Repository> {
  const { access = "pull", purpose = access, auth } = options;
  const scope = `repository:${reference.path}:${access === "push" ? "pull,push" : "pull"}`;
  const base = await findBase(reference, options);
  const c: Context = {
    ...{ reference, options, access, base },
    what: `cannot ${purpose} "${familiarName(reference)}"`,
    domain: reference.domain,
    authorize: authorizer({ registry: base, scope, auth, silence: options.silence }),
  };
  return {
    manifest: (tagOrDigest) => fetchManifest(c, tagOrDigest),
    find: (tagOrDigest) => findManifest(c, tagOrDigest),
    tags: () => listTags(c),
    blob: (r) => blobBytes(c, r),
    async bytes({ digest, size }) {
      const content = Buffer.concat(await Array.fromAsync(blobBytes(c, { digest, size })));
      return digestAs(digest, content) === digest ? content : undefined;
    },
    referrers: (digest, artifactType) => listReferrers(c, digest, artifactType),
    putBlob: (blob, uploading = {}) => uploadBlob(c, blob, uploading),
    putManifest: (document, tagOrDigest) => putManifest(c, document, tagOrDigest),
    putReferrer: (document) => putReferrer(c, document),
    async putBytes(content) {
      const blob = { digest: digestOf(content), size: content.length };
      await uploadBlob(c, { ...blob, read: (from) => bytesOf(content.subarray(from)) }, {});
      return blob;
    },
  };
}

/** `docker.io/library/debian@sha256:…`. */
export function repoDigest(reference: Reference, digest: Digest): string {
  return `${repositoryOf(reference)}@${digest}`;
}
