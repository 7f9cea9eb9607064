/** Pull: from a name to an image of the store. */
import type { Descriptor } from "../oci/descriptor.ts";
import { algorithmOf, chainIdsOf, type Digest } from "../oci/digest.ts";
import { InroError } from "../oci/error.ts";
import type { ImageConfig } from "../oci/image-config.ts";
import type { Manifest } from "../oci/manifest.ts";
import { mediaType } from "../oci/media-type.ts";
import type { Platform } from "../oci/platform.ts";
import { familiarName, formatReference, type Reference, withDefaultTag } from "../oci/reference.ts";
import { checkImage, diffIdsOf, parseConfig, parseDocument } from "./document.ts";
import type { LayerFetcher, LayerSource } from "./fetch-layer.ts";
import type { Layer } from "./image.ts";
import type { PullOptions, RegistryAsking } from "./images.ts";
import { fetchLayers } from "./layers.ts";
import { type Blobs, maxDocument } from "./layout/blobs.ts";
import type { NamedManifest } from "./layout/names.ts";
import { chooseManifest, maxDepth, platformOf, isAttestation as saysAbout } from "./platforms.ts";
import type { LayerState, OnProgress } from "./progress.ts";
import type { Registries } from "./registry/registries.ts";
import { type RemoteDocument, repoDigest } from "./registry/repository.ts";
import { elsewhere, openSources, type Sources } from "./registry/sources.ts";
import { blobsOf, layersOf } from "./root.ts";
import type { Gate } from "./trust/gate.ts";

export interface PullStore {
  readonly blobs: Blobs;
  readonly fetchLayer: LayerFetcher;
  readonly platform: Platform;
  /** As they are at the moment. */
  readonly registries: () => Registries;
  readonly gate: Gate;
}

/** A manifest of the registry, and how the name leads to it. */
interface Found {
  readonly manifest: Manifest;
  readonly document: RemoteDocument;
  /** The indexes that led here, from the first on. */
  readonly indexes: readonly RemoteDocument[];
  /** It says something about an image: it is stored with it, and not unpacked. */
  readonly isAttestation: boolean;
}

/** Documents that a name may lead to: a bomb of indexes grows by the thousand with each level. */
const maxDocuments = 1000;

/** The manifests that are meant: one for a platform, or all that there are. */
async function findManifests(
  repository: Sources,
  reference: Reference,
  platform: Platform | "all",
  what: string,
): Promise<readonly Found[]> {
  const found: Found[] = [];
  let documents = 0;
  const visit = async (
    document: RemoteDocument,
    indexes: readonly RemoteDocument[],
    isAttestation: boolean,
  ): Promise<void> => {
    if (indexes.length > maxDepth)
      throw new InroError("IMAGE_INVALID", { what, why: "its index points to indexes without end" });
    if (++documents > maxDocuments)
      throw new InroError("IMAGE_INVALID", {
        what,
        why: `its index leads to more than ${maxDocuments} manifests`,
      });
    const parsed = parseDocument(document.content, document.mediaType, what);
    if (parsed.kind === "manifest") {
      found.push({ manifest: parsed.manifest, document, indexes, isAttestation });
      return;
    }
    const { index } = parsed;
    for (const each of platform === "all" ? index.manifests : [chooseManifest(index, platform, what)])
      await visit(await repository.manifest(each.digest), [...indexes, document], saysAbout(each));
  };
  await visit(await repository.manifest(reference.digest ?? reference.tag ?? "latest"), [], false);
  return found;
}

/** A blob that is stored and not unpacked. */
async function fetchBlob(repository: Sources, { digest, size }: Descriptor, blobs: Blobs): Promise<void> {
  if (blobs.sizeOf(digest) === size) return;
  await elsewhere(repository, digest, async () => {
    const writer = await blobs.begin(algorithmOf(digest), size);
    try {
      for await (const chunk of repository.blob({ digest, size })) await writer.write(chunk);
      await writer.commit(digest);
    } catch (error) {
      await writer.abort();
      throw error;
    }
  });
}

async function fetchConfig(
  repository: Sources,
  descriptor: Descriptor,
  blobs: Blobs,
  what: string,
): Promise<ImageConfig> {
  const { digest, size } = descriptor;
  if (size > maxDocument) {
    throw new InroError("IMAGE_INVALID", {
      what: `cannot fetch the configuration ${digest}`,
      why: `it is ${size} bytes long`,
    });
  }
  await fetchBlob(repository, descriptor, blobs);
  return parseConfig(await blobs.read(digest), what);
}

/** One pull under way. */
interface Pull {
  readonly store: PullStore;
  readonly repository: Sources;
  readonly what: string;
  readonly onProgress: OnProgress;
  readonly signal: AbortSignal | undefined;
}

/**
 * A layer that its licence keeps from registries names other places. As docker on Linux, we do not go to wherever a
 * manifest sends us; where the registry has the layer all the same, it is taken.
 */
async function* orUndistributed(
  bytes: AsyncIterable<Uint8Array>,
  urls: readonly string[],
  what: string,
): AsyncGenerator<Uint8Array> {
  try {
    yield* bytes;
  } catch (cause) {
    if (urls.length === 0 || (cause as { code?: string }).code !== "NO_SUCH_IMAGE") throw cause;
    throw new InroError("LAYER_UNDISTRIBUTED", {
      what,
      why: `the registry does not keep a layer of it, which may not be distributed and is at ${urls.join(", ")}`,
      hint: "have the registry keep it (`skopeo copy` brings it there), or load an archive that has it",
      cause,
    });
  }
}

/** Brings what is to be unpacked; the layers of other platforms too, since they may be run by an emulator. */
async function bringLayers(
  { store, repository, what, onProgress, signal }: Pull,
  { manifest }: Found,
): Promise<Platform> {
  checkImage(manifest, what);
  const config = await fetchConfig(repository, manifest.config, store.blobs, what);
  const diffIds = diffIdsOf(manifest, config, what);
  const layers = layersOf(manifest, diffIds);
  const tell = (layer: Layer) => (state: LayerState) =>
    onProgress({ kind: "layer", digest: layer.digest, state });
  const fetchLayer: LayerFetcher = (work, source) =>
    elsewhere(repository, work.layer.digest, () => store.fetchLayer(work, source));
  const urlsOf = (layer: Digest) => manifest.layers.find(({ digest }) => digest === layer)?.urls ?? [];
  const source: LayerSource = ({ digest, size }, report) =>
    orUndistributed(
      repository.blob({ digest, size, onRetry: (notice) => report({ state: "retrying", ...notice }) }),
      urlsOf(digest),
      what,
    );
  await fetchLayers(fetchLayer, layers, chainIdsOf(diffIds), tell, source, { signal });
  return platformOf(config);
}

export interface Pulled {
  readonly named: NamedManifest;
  /** The manifest that was meant; of all platforms the first. */
  readonly manifest: Digest;
}

/** What a name that is to be verified leads to for one platform, this machine's if none is asked; nothing else is fetched. */
export async function resolveName(
  { platform, registries }: Pick<PullStore, "platform" | "registries">,
  reference: Reference,
  { auth, signal, platform: asked = platform }: RegistryAsking & { readonly platform?: Platform | undefined },
) {
  const purpose = "verify";
  const repository = openSources(reference, { auth, signal, purpose }, registries());
  const what = `cannot ${purpose} "${familiarName(reference)}"`;
  const [found] = await findManifests(repository, reference, asked, what);
  if (found === undefined) throw new Error("a platform is one manifest, or an error");
  const { document, indexes } = found;
  return { by: (indexes[0] ?? document).digest, resolved: { manifest: document.digest, indexes } };
}

/**
 * Brings everything of the image into the store and answers what the index is to say about it. Until that is written
 * the image is not there, whatever failed.
 */
export async function pullImage(store: PullStore, wanted: Reference, options: PullOptions): Promise<Pulled> {
  const reference = withDefaultTag(wanted);
  const { onProgress = () => {}, auth, signal } = options;
  const asking = { auth, signal };
  const repository = openSources(reference, asking, store.registries(), (domain, why) =>
    onProgress({ kind: "passedOver", domain, why }),
  );
  const what = `cannot pull "${familiarName(reference)}"`;
  const pull: Pull = { store, repository, what, onProgress, signal };
  const found = await findManifests(repository, reference, options.platform ?? store.platform, what);
  for (const { document, indexes, isAttestation } of found)
    if (!isAttestation) await store.gate.pull(reference, { manifest: document.digest, indexes }, asking);
  const first = found[0];
  if (first === undefined) throw new InroError("IMAGE_INVALID", { what, why: "its index is empty" });
  const root = first.indexes[0] ?? first.document;
  const images = found.filter(({ isAttestation }) => !isAttestation);
  onProgress({
    kind: "resolved",
    reference: formatReference(reference),
    digest: root.digest,
    layers: images.flatMap(({ manifest }) => manifest.layers.map(({ digest }) => digest)),
  });
  let platform: Platform | undefined;
  for (const each of found) {
    if (each.isAttestation)
      for (const blob of blobsOf(each.manifest)) await fetchBlob(repository, blob, store.blobs);
    else platform = await bringLayers(pull, each);
    await store.blobs.put(each.document.content);
  }
  for (const { content } of found.flatMap(({ indexes }) => indexes)) await store.blobs.put(content);
  const { mediaType: type, digest, content } = root;
  const own = type || (first.indexes.length > 0 ? mediaType.ociIndex : mediaType.ociManifest);
  const descriptor = { mediaType: own, digest, size: content.length };
  return {
    named: {
      descriptor:
        first.indexes.length > 0 || platform === undefined ? descriptor : { ...descriptor, platform },
      names: reference.digest === undefined ? [formatReference(reference)] : [],
      repoDigests: [repoDigest(reference, digest)],
    },
    manifest: (images[0] ?? first).document.digest,
  };
}
