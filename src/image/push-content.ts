/** What has to be at a registry for a manifest or an index to be there. */
import type { Descriptor } from "../oci/descriptor.ts";
import type { Platform } from "../oci/platform.ts";
import type { Blobs } from "./layout/blobs.ts";
import { isAttestation } from "./platforms.ts";
import { imageFor, isHere, type RootDescriptor, walk } from "./root.ts";

export interface PushContent {
  /** Children before what names them; the last one is what was asked for. */
  readonly documents: readonly (RootDescriptor & { readonly content: Buffer })[];
  /** Each once, layers from the bottom up. */
  readonly layers: readonly Descriptor[];
  readonly configs: readonly Descriptor[];
  /** What an index names and the store has not: it is pushed where the registry has them. */
  readonly absent: readonly Descriptor[];
  /** The images of it that are here. */
  readonly images: readonly Descriptor[];
}

/** What its licence forbids to distribute, and what the manifest says where to have instead (image-spec, layer.md). */
const isForeign = ({ mediaType, urls }: Descriptor) =>
  /\.(nondistributable|foreign)\./.test(mediaType) && (urls?.length ?? 0) > 0;

const once = <T extends RootDescriptor>(descriptors: readonly T[]): T[] => [
  ...new Map(descriptors.map((each) => [each.digest, each])).values(),
];

/** Reads all that a push of `root` consists of; of one platform if one is named. Throws BLOB_MISSING, NO_MATCHING_PLATFORM. */
export async function pushContent(
  blobs: Blobs,
  root: RootDescriptor,
  { platform, what }: { readonly platform: Platform | undefined; readonly what: string },
): Promise<PushContent> {
  const walked = await walk(blobs, root, what);
  const { indexes, leaves } =
    platform === undefined
      ? walked
      : { indexes: [], leaves: [await imageFor(blobs, walked, platform, what)] };
  const here = leaves.filter(isHere);
  const descriptors = once([...here.map(({ descriptor }) => descriptor), ...[...indexes].reverse()]);
  const documents = [];
  for (const { digest, mediaType } of descriptors)
    documents.push({ digest, mediaType, content: await blobs.read(digest) });
  return {
    documents,
    layers: once(here.flatMap(({ manifest }) => manifest.layers.filter((layer) => !isForeign(layer)))),
    configs: once(here.map(({ manifest }) => manifest.config)),
    absent: leaves.filter((leaf) => !isHere(leaf)).map(({ descriptor }) => descriptor),
    images: here.map(({ descriptor }) => descriptor).filter((descriptor) => !isAttestation(descriptor)),
  };
}
