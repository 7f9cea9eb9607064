/** What the roots of an image lead to, platform by platform: what is here, and what could be. */
import type { Descriptor } from "../oci/descriptor.ts";
import { type Digest, isDigest } from "../oci/digest.ts";
import type { Image } from "./image.ts";
import type { Blobs } from "./layout/blobs.ts";
import type { Names } from "./layout/names.ts";
import { isAttestation } from "./platforms.ts";
import type { Records } from "./records.ts";
import { blobsOf, type Leaf, walk } from "./root.ts";

export interface ManifestEntry {
  readonly descriptor: Descriptor;
  readonly kind: "image" | "attestation" | "unknown";
  /** Of an attestation: the manifest that it speaks about. */
  readonly about: Digest | null;
  /** Null where it is not here, or is none. */
  readonly image: Image | null;
  readonly isHere: boolean;
  /** Bytes of its blobs that are here. */
  readonly content: number;
}

const aboutOf = ({ annotations }: Descriptor): Digest | null => {
  const about = annotations?.["vnd.docker.reference.digest"] ?? "";
  return isDigest(about) ? about : null;
};

function entryOf(blobs: Blobs, { descriptor, manifest }: Leaf, images: readonly Image[]): ManifestEntry {
  const image = images.find(({ manifests }) => manifests.includes(descriptor.digest)) ?? null;
  const parts = manifest === null ? [] : [descriptor, ...blobsOf(manifest)];
  const isImage = image !== null || descriptor.platform !== undefined;
  return {
    descriptor,
    kind: isAttestation(descriptor) ? "attestation" : isImage ? "image" : "unknown",
    about: aboutOf(descriptor),
    image,
    isHere: manifest !== null,
    content: parts.reduce((sum, { digest }) => sum + (blobs.sizeOf(digest) ?? 0), 0),
  };
}

/** The manifests of an image's index in their order, or its one manifest. Throws BLOB_MISSING. */
export async function manifestsOf(
  store: { readonly blobs: Blobs; readonly names: Names; readonly records: Records },
  image: Image,
): Promise<ManifestEntry[]> {
  const images = store.records.list();
  const entries = new Map<Digest, ManifestEntry>();
  for (const digest of image.roots) {
    const named = store.names.all.get(digest);
    if (named === undefined) continue;
    const { leaves } = await walk(store.blobs, named.descriptor, `cannot read the image of ${digest}`);
    for (const leaf of leaves) entries.set(leaf.descriptor.digest, entryOf(store.blobs, leaf, images));
  }
  return [...entries.values()];
}
