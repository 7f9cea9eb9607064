/**
 * A root: what one entry of the store's index.json names, a manifest or an index as it came. Of an index some manifests
 * are here and the others are not. A pull stores a manifest after all that it names, so a manifest that is here with its
 * configuration speaks for its layers.
 */

import type { Descriptor } from "../oci/descriptor.ts";
import { chainIdsOf, type Digest } from "../oci/digest.ts";
import { InroError } from "../oci/error.ts";
import type { Manifest } from "../oci/manifest.ts";
import type { Platform } from "../oci/platform.ts";
import { diffIdsOf, parseConfig, parseDocument } from "./document.ts";
import type { Image, Layer } from "./image.ts";
import type { Blobs } from "./layout/blobs.ts";
import { bestFor, isAttestation, maxDepth, noMatchingPlatform, platformOf } from "./platforms.ts";

export type RootDescriptor = Pick<Descriptor, "mediaType" | "digest">;

/** What the documents say of one platform's image. */
export type RootImage = Pick<
  Image,
  "id" | "config" | "layers" | "chainIds" | "created" | "architecture" | "os"
> & { readonly manifest: Digest };

/** A manifest that the root leads to. */
export interface Leaf {
  readonly descriptor: Descriptor;
  /** Null: it is not here. */
  readonly manifest: Manifest | null;
}

export interface Walked {
  /** The indexes, outermost first; none where the root is a manifest. */
  readonly indexes: readonly Descriptor[];
  readonly leaves: readonly Leaf[];
}

export const blobsOf = ({ config, layers }: Manifest): readonly Descriptor[] => [config, ...layers];

/** Follows a root down to its manifests. Throws BLOB_MISSING where the root itself is gone, IMAGE_INVALID. */
export async function walk(blobs: Blobs, root: RootDescriptor, what: string): Promise<Walked> {
  const indexes: Descriptor[] = [];
  const leaves: Leaf[] = [];
  const visit = async (descriptor: Descriptor, depth: number): Promise<void> => {
    if (depth > maxDepth)
      throw new InroError("IMAGE_INVALID", { what, why: "its index points to indexes without end" });
    if (depth > 0 && blobs.sizeOf(descriptor.digest) === undefined) {
      leaves.push({ descriptor, manifest: null });
      return;
    }
    const document = parseDocument(await blobs.read(descriptor.digest), descriptor.mediaType, what);
    if (document.kind === "index") {
      indexes.push(descriptor);
      for (const child of document.index.manifests) await visit(child, depth + 1);
      return;
    }
    const { manifest } = document;
    const isHere = depth === 0 || blobs.sizeOf(manifest.config.digest) !== undefined;
    leaves.push({ descriptor, manifest: isHere ? manifest : null });
  };
  const size = blobs.sizeOf(root.digest) ?? 0;
  await visit({ ...root, size }, 0);
  return { indexes, leaves };
}

/** The layers of a manifest, with what its configuration says of them. */
export const layersOf = (manifest: Manifest, diffIds: readonly Digest[]): Layer[] =>
  manifest.layers.map(({ digest, size, mediaType }, i) => ({
    ...{ digest, size, mediaType },
    diffId: diffIds[i] as Digest,
  }));

/** Reads what a manifest's image consists of. Throws IMAGE_INVALID where it is none. */
export async function imageOf(
  blobs: Blobs,
  digest: Digest,
  manifest: Manifest,
  what: string,
): Promise<RootImage> {
  const config = parseConfig(await blobs.read(manifest.config.digest), what);
  const diffIds = diffIdsOf(manifest, config, what);
  return {
    id: manifest.config.digest,
    manifest: digest,
    config,
    layers: layersOf(manifest, diffIds),
    chainIds: chainIdsOf(diffIds),
    created: config.created ?? "",
    architecture: config.architecture ?? "",
    os: config.os ?? "linux",
  };
}

/** What the store knows of a root. */
export interface Root {
  readonly isIndex: boolean;
  /** Of the platforms that are here. */
  readonly images: readonly RootImage[];
  /** All that has to stay for it: documents, configurations, layers, attestations too. */
  readonly blobs: ReadonlySet<Digest>;
}

/** Throws BLOB_MISSING, IMAGE_INVALID where nothing of it is an image. */
export async function readRoot(blobs: Blobs, root: RootDescriptor): Promise<Root> {
  const what = `cannot read the image of ${root.digest}`;
  const { indexes, leaves } = await walk(blobs, root, what);
  const images: RootImage[] = [];
  const kept = new Set<Digest>(indexes.map(({ digest }) => digest));
  for (const { descriptor, manifest } of leaves) {
    if (manifest === null) continue;
    kept.add(descriptor.digest);
    for (const { digest } of blobsOf(manifest)) kept.add(digest);
    if (isAttestation(descriptor)) continue;
    images.push(await imageOf(blobs, descriptor.digest, manifest, what));
  }
  return { isIndex: indexes.length > 0, images, blobs: kept };
}

/** A manifest that is here. */
export type Present = Leaf & { readonly manifest: Manifest };

export const isHere = (leaf: Leaf): leaf is Present => leaf.manifest !== null;

/** Of a root's images that are here the best one for a platform. Throws NO_MATCHING_PLATFORM. */
export async function imageFor(
  blobs: Blobs,
  { leaves }: Walked,
  platform: Platform,
  what: string,
): Promise<Present> {
  const images: { readonly leaf: Present; readonly own: Platform }[] = [];
  for (const leaf of leaves.filter(isHere).filter(({ descriptor }) => !isAttestation(descriptor))) {
    const config = parseConfig(await blobs.read(leaf.manifest.config.digest), what);
    images.push({ leaf, own: platformOf(config) });
  }
  const found = bestFor(images, platform, ({ own }) => own);
  if (found !== undefined) return found.leaf;
  throw noMatchingPlatform(
    what,
    platform,
    images.map(({ own }) => own),
  );
}
