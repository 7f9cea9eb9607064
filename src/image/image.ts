import type { Digest } from "../oci/digest.ts";
import type { ImageConfig } from "../oci/image-config.ts";

export interface Layer {
  /** Of the blob, compressed as it was pushed. */
  readonly digest: Digest;
  /** Of the tar within. */
  readonly diffId: Digest;
  /** Bytes of the blob. */
  readonly size: number;
  readonly mediaType: string;
}

/** An image of the store. */
export interface Image {
  /** The digest of its configuration, which is what docker calls an image's id. */
  readonly id: Digest;
  /** The digests of the manifests that lead to it: one, or several that differ in compression. */
  readonly manifests: readonly Digest[];
  /** What the store's index.json names of it: such a manifest, or an index that has it for one of its platforms. The
   * first is the one that was asked for by its name. */
  readonly roots: readonly Digest[];
  /** The ids of all images of these roots, this one too: one for each platform that is here. The first is the one that
   * their names mean where nobody asks for a platform. */
  readonly family: readonly Digest[];
  /** In full, sorted: `docker.io/library/debian:bookworm`. `familiar(name)` is docker's form. */
  readonly names: readonly string[];
  /** `docker.io/library/debian@sha256:…`: the digests by which a registry gave it. */
  readonly repoDigests: readonly string[];
  readonly config: ImageConfig;
  /** From the bottom up. */
  readonly layers: readonly Layer[];
  readonly chainIds: readonly Digest[];
  /** Bytes of the files of each layer, unpacked; of its blob, as long as it was not unpacked. */
  readonly layerSizes: readonly number[];
  /** Bytes of all files of all layers, unpacked; of the blobs, as long as it was not unpacked. */
  readonly size: number;
  /** RFC 3339. */
  readonly created: string;
  readonly architecture: string;
  readonly os: string;
}
