/** What has to be at a registry for a manifest or an index to be there. */
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { InroError } from "../oci/error.ts";
import { formatPlatform, matchesPlatform, type Platform } from "../oci/platform.ts";
import { type Document, parseConfig, parseDocument } from "./document.ts";
import type { Blobs } from "./layout/blobs.ts";
import { chooseManifest } from "./pull.ts";

export type Root = Pick<Descriptor, "mediaType" | "digest">;

export interface PushContent {
  /** Children before what names them; the last one is what was asked for. */
  readonly documents: readonly (Root & { readonly content: Buffer })[];
  /** Each once, layers from the bottom up. */
  readonly layers: readonly Descriptor[];
  readonly configs: readonly Descriptor[];
}

/** Indexes within indexes that are followed. */
const maxDepth = 3;

/** What its licence forbids to distribute, and what the manifest says where to have instead (image-spec, layer.md). */
const isForeign = ({ mediaType, urls }: Descriptor) =>
  /\.(nondistributable|foreign)\./.test(mediaType) && (urls?.length ?? 0) > 0;

const once = (descriptors: readonly Descriptor[]): Descriptor[] => [
  ...new Map(descriptors.map((each) => [each.digest, each])).values(),
];

/** Throws NO_MATCHING_PLATFORM where a configuration is for another platform than the wanted one. */
export async function checkPlatform(
  blobs: Blobs,
  config: Digest,
  wanted: Platform,
  what: string,
): Promise<void> {
  const { os = "linux", architecture = "", variant } = parseConfig(await blobs.read(config), what);
  const own = { os, architecture, ...(variant === undefined || variant === null ? {} : { variant }) };
  if (matchesPlatform(own, wanted)) return;
  const why = `it has no image for ${formatPlatform(wanted)}`;
  throw new InroError("NO_MATCHING_PLATFORM", { what, why, hint: `it has ${formatPlatform(own)}` });
}

async function read(blobs: Blobs, { digest, mediaType }: Root, what: string) {
  const content = await blobs.read(digest);
  return { content, document: parseDocument(content, mediaType, what) };
}

/** The one manifest that is meant: an index's for the platform, where one is named. */
async function rootOf(blobs: Blobs, root: Root, platform: Platform | undefined, what: string): Promise<Root> {
  if (platform === undefined) return root;
  let found = root;
  for (let depth = 0; depth < maxDepth; depth++) {
    const { document } = await read(blobs, found, what);
    if (document.kind === "index") found = chooseManifest(document.index, platform, what);
    else {
      await checkPlatform(blobs, document.manifest.config.digest, platform, what);
      return found;
    }
  }
  throw new InroError("IMAGE_INVALID", { what, why: "its index points to indexes without end" });
}

/** Reads all that a push of `root` consists of; of one platform if one is named. Throws BLOB_MISSING, NO_MATCHING_PLATFORM. */
export async function pushContent(
  blobs: Blobs,
  root: Root,
  { platform, what }: { readonly platform: Platform | undefined; readonly what: string },
): Promise<PushContent> {
  const documents: (Root & { content: Buffer })[] = [];
  const layers: Descriptor[] = [];
  const configs: Descriptor[] = [];
  const add = (document: Document): readonly Root[] => {
    if (document.kind === "index") return document.index.manifests;
    configs.push(document.manifest.config);
    layers.push(...document.manifest.layers.filter((layer) => !isForeign(layer)));
    return [];
  };
  const visit = async (each: Root, depth: number): Promise<void> => {
    if (documents.some(({ digest }) => digest === each.digest)) return;
    if (depth > maxDepth)
      throw new InroError("IMAGE_INVALID", { what, why: "its index points to indexes without end" });
    const { content, document } = await read(blobs, each, what);
    for (const child of add(document)) await visit(child, depth + 1);
    const { digest, mediaType } = each;
    documents.push({ digest, mediaType, content });
  };
  await visit(await rootOf(blobs, root, platform, what), 0);
  return { documents, layers: once(layers), configs: once(configs) };
}
