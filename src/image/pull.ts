/** Pull: from a name to an image of the store. */
import { chainIdsOf, type Digest } from "../oci/digest.ts";
import { InroError } from "../oci/error.ts";
import type { ImageIndex } from "../oci/index.ts";
import type { Manifest } from "../oci/manifest.ts";
import { mediaType } from "../oci/media-type.ts";
import { formatPlatform, matchesPlatform, type Platform } from "../oci/platform.ts";
import { familiarName, formatReference, type Reference, withDefaultTag } from "../oci/reference.ts";
import { diffIdsOf, parseConfig, parseDocument } from "./document.ts";
import type { LayerFetcher } from "./fetch-layer.ts";
import type { Layer } from "./image.ts";
import type { PullOptions } from "./images.ts";
import { fetchLayers } from "./layers.ts";
import { type Blobs, maxDocument } from "./layout/blobs.ts";
import type { NamedManifest } from "./layout/names.ts";
import type { LayerState } from "./progress.ts";
import type { Registries } from "./registry/registries.ts";
import { type RemoteDocument, repoDigest } from "./registry/repository.ts";
import { openSources, type Sources } from "./registry/sources.ts";
import type { Gate } from "./trust/gate.ts";

export interface PullStore {
  readonly blobs: Blobs;
  readonly fetchLayer: LayerFetcher;
  readonly platform: Platform;
  /** As they are at the moment. */
  readonly registries: () => Registries;
  readonly gate: Gate;
}

interface Found {
  readonly manifest: Manifest;
  readonly document: RemoteDocument;
  /** The digest by which the name led here: the index's, where there is one. */
  readonly by: Digest;
  /** The indexes that led here, from the first on. */
  readonly indexes: readonly RemoteDocument[];
}

/** The image of an index for a platform. Throws NO_MATCHING_PLATFORM, naming what there is. */
export function chooseManifest(
  index: ImageIndex,
  platform: Platform,
  what: string,
): ImageIndex["manifests"][number] {
  const images = index.manifests.filter(
    (each) => each.platform !== undefined && each.platform.os !== "unknown",
  );
  const found = images.find((each) => matchesPlatform(each.platform as Platform, platform));
  if (found !== undefined) return found;
  const [only] = index.manifests;
  if (index.manifests.length === 1 && only !== undefined && only.platform === undefined) return only;
  throw new InroError("NO_MATCHING_PLATFORM", {
    what,
    why: `it has no image for ${formatPlatform(platform)}`,
    hint: `it has ${images.map((each) => formatPlatform(each.platform as Platform)).join(", ") || "none at all"}`,
  });
}

async function findManifest(repository: Sources, reference: Reference, platform: Platform): Promise<Found> {
  const what = `cannot pull "${familiarName(reference)}"`;
  let document = await repository.manifest(reference.digest ?? reference.tag ?? "latest");
  const by = document.digest;
  const indexes: RemoteDocument[] = [];
  // An index may point to an index, but nobody needs more than one of them.
  for (let depth = 0; depth < 3; depth++) {
    const parsed = parseDocument(document.content, document.mediaType, what);
    if (parsed.kind === "manifest") return { manifest: parsed.manifest, document, by, indexes };
    indexes.push(document);
    document = await repository.manifest(chooseManifest(parsed.index, platform, what).digest);
  }
  throw new InroError("IMAGE_INVALID", { what, why: "its index points to indexes without end" });
}

async function fetchDocument(
  repository: Sources,
  digest: Digest,
  size: number,
  blobs: Blobs,
): Promise<Buffer> {
  if (blobs.sizeOf(digest) !== undefined) return await blobs.read(digest);
  if (size > maxDocument) {
    throw new InroError("IMAGE_INVALID", {
      what: `cannot fetch the configuration ${digest}`,
      why: `it is ${size} bytes long`,
    });
  }
  const writer = await blobs.begin(digest.slice(0, digest.indexOf(":")));
  try {
    for await (const chunk of repository.blob({ digest, size })) await writer.write(chunk);
    await writer.commit(digest);
  } catch (error) {
    await writer.abort();
    throw error;
  }
  return await blobs.read(digest);
}

const askingOf = ({ signal, auth }: PullOptions) => ({
  ...(signal === undefined ? {} : { signal }),
  ...(auth === undefined ? {} : { auth }),
});

/** What a name leads to at its registry; nothing else is fetched. */
export async function resolveName(
  { platform, registries }: Pick<PullStore, "platform" | "registries">,
  reference: Reference,
  options: PullOptions,
) {
  const repository = openSources(reference, askingOf(options), registries());
  const found = await findManifest(repository, reference, options.platform ?? platform);
  const { document, indexes } = found;
  return { repository, ...found, resolved: { manifest: document.digest, indexes } };
}

/**
 * Brings everything of the image into the store and answers what the index is to say about it. Until that is written
 * the image is not there, whatever failed.
 */
export async function pullImage(
  store: PullStore,
  wanted: Reference,
  options: PullOptions,
): Promise<NamedManifest> {
  const reference = withDefaultTag(wanted);
  const { onProgress = () => {} } = options;
  const { repository, manifest, document, by, resolved } = await resolveName(store, reference, options);
  await store.gate.pull(reference, resolved, askingOf(options));
  const what = `cannot pull "${familiarName(reference)}"`;
  const config = parseConfig(
    await fetchDocument(repository, manifest.config.digest, manifest.config.size, store.blobs),
    what,
  );
  const diffIds = diffIdsOf(manifest, config, what);
  const layers: Layer[] = manifest.layers.map(({ digest, size, mediaType: type }, i) => ({
    digest,
    size,
    mediaType: type,
    diffId: diffIds[i] as Digest,
  }));
  onProgress({
    kind: "resolved",
    reference: formatReference(reference),
    digest: by,
    layers: layers.map(({ digest }) => digest),
  });
  const tell = (layer: Layer) => (state: LayerState) =>
    onProgress({ kind: "layer", digest: layer.digest, state });
  await fetchLayers(store.fetchLayer, layers, chainIdsOf(diffIds), tell, ({ digest, size }, report) =>
    repository.blob({ digest, size, onRetry: (notice) => report({ state: "retrying", ...notice }) }),
  );
  await store.blobs.put(document.content);
  return {
    descriptor: {
      mediaType: document.mediaType || manifest.mediaType || mediaType.ociManifest,
      digest: document.digest,
      size: document.content.length,
      platform: { os: config.os ?? "linux", architecture: config.architecture ?? "" },
    },
    names: reference.digest === undefined ? [formatReference(reference)] : [],
    repoDigests: [repoDigest(reference, by)],
  };
}
