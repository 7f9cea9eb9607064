/** `load`: images of an archive, Docker's or an OCI layout, become images of the store. */

import * as v from "valibot";
import type { Descriptor } from "../../oci/descriptor.ts";
import type { Digest } from "../../oci/digest.ts";
import { reasonOf } from "../../oci/error.ts";
import { indexSchema } from "../../oci/index.ts";
import { isIndexType, mediaType } from "../../oci/media-type.ts";
import type { Platform } from "../../oci/platform.ts";
import { formatReference, parseReference, withDefaultTag } from "../../oci/reference.ts";
import type { LayerSource } from "../fetch-layer.ts";
import type { Layer } from "../image.ts";
import type { Archive, LoadOptions } from "../images.ts";
import { fetchLayers } from "../layers.ts";
import { annotation, type NamedManifest } from "../layout/names.ts";
import { isAttestation, platformOf } from "../platforms.ts";
import type { LayerState, OnProgress } from "../progress.ts";
import type { PullStore } from "../pull.ts";
import { imageFor, imageOf, isHere, type Present, walk } from "../root.ts";
import { TarError } from "../tar/error.ts";
import { archiveInvalid, type Spooled, spoolArchive } from "./unpacked.ts";

const what = "cannot load the archive";

const dockerManifestSchema = v.array(
  v.object({ Config: v.string(), RepoTags: v.nullish(v.array(v.string()), []), Layers: v.array(v.string()) }),
);

function parsed<T extends v.GenericSchema>(schema: T, text: string, name: string): v.InferOutput<T> {
  try {
    return v.parse(schema, JSON.parse(text));
  } catch (cause) {
    throw archiveInvalid(`its ${name} is malformed: ${reasonOf(cause)}`, cause);
  }
}

const fullName = (text: string) => formatReference(withDefaultTag(parseReference(text)));

/** A manifest for the layers as the archive has them; it is of our own making, so it is deterministic. */
async function fromDocker(store: PullStore, spooled: Spooled): Promise<NamedManifest[]> {
  const images = parsed(dockerManifestSchema, await spooled.text("manifest.json"), "manifest.json");
  const found: NamedManifest[] = [];
  for (const image of images) {
    const config = spooled.file(image.Config);
    const layers = image.Layers.map((path) => ({ mediaType: mediaType.ociLayer, ...spooled.file(path) }));
    const manifest = {
      schemaVersion: 2,
      mediaType: mediaType.ociManifest,
      config: { mediaType: mediaType.ociConfig, ...config },
      layers,
    };
    const descriptor = {
      mediaType: mediaType.ociManifest,
      ...(await store.blobs.put(JSON.stringify(manifest))),
    };
    found.push({ descriptor, names: (image.RepoTags ?? []).map(fullName), repoDigests: [] });
  }
  return found;
}

// A ref.name may be a whole name (skopeo, ours) or only a tag, which names nothing by itself.
function nameOf(descriptor: Descriptor): string[] {
  const notes = descriptor.annotations ?? {};
  const name = notes[annotation.imageName] ?? notes[annotation.refName] ?? "";
  if (notes[annotation.imageName] === undefined && !/[/:]/.test(name)) return [];
  try {
    return [fullName(name)];
  } catch {
    return [];
  }
}

async function fromLayout(spooled: Spooled): Promise<NamedManifest[]> {
  const index = parsed(indexSchema, await spooled.text("index.json"), "index.json");
  return index.manifests
    .filter((each) => !isAttestation(each))
    .map((descriptor) => ({ descriptor, names: nameOf(descriptor), repoDigests: [] }));
}

/** The images of a root that the archive has; of an index those whose manifests are in it, at least one of them. */
async function imagesOf(store: PullStore, { descriptor }: NamedManifest): Promise<Present[]> {
  const { leaves } = await walk(store.blobs, descriptor, what);
  const images = leaves.filter((leaf) => !isAttestation(leaf.descriptor));
  const here = images.filter(isHere);
  if (here.length > 0) return here;
  throw archiveInvalid(`it has none of the ${images.length} images of ${descriptor.digest}`);
}

/** The one image of a root for a platform, which stands for the root then. */
async function narrowed(
  store: PullStore,
  named: NamedManifest,
  platform: Platform | undefined,
): Promise<NamedManifest> {
  if (platform === undefined) return named;
  const walked = await walk(store.blobs, named.descriptor, what);
  return { ...named, descriptor: (await imageFor(store.blobs, walked, platform, what)).descriptor };
}

/** One load under way. */
interface Load {
  readonly store: PullStore;
  readonly spooled: Spooled;
  readonly onProgress: OnProgress;
}

async function unpack(
  { store, spooled, onProgress }: Load,
  { descriptor, manifest }: Present,
  reference: string,
): Promise<Platform> {
  const image = await imageOf(store.blobs, descriptor.digest, manifest, what);
  const { layers, chainIds } = image;
  const missing = layers.find(({ digest }) => store.blobs.sizeOf(digest) === undefined);
  if (missing !== undefined) throw archiveInvalid(`it lacks the layer ${missing.digest}`);
  onProgress({
    kind: "resolved",
    reference,
    digest: descriptor.digest,
    layers: layers.map(({ digest }) => digest),
  });
  const teller =
    ({ digest }: Layer) =>
    (state: LayerState) =>
      onProgress({ kind: "layer", digest, state });
  const source: LayerSource = ({ digest }) => store.blobs.stream(digest);
  await fetchLayers(store.fetchLayer, layers, chainIds, teller, source, { verified: spooled.digests });
  return platformOf(image.config);
}

async function unpackAll(load: Load, named: NamedManifest): Promise<NamedManifest> {
  const { digest, mediaType: type, size } = named.descriptor;
  const reference = named.names[0] ?? digest;
  let platform: Platform | undefined;
  for (const image of await imagesOf(load.store, named)) platform = await unpack(load, image, reference);
  if (isIndexType(type) || platform === undefined)
    return { ...named, descriptor: { mediaType: type, digest, size } };
  return { ...named, descriptor: { ...named.descriptor, platform } };
}

// docker 25 and later write both forms; what the layout leaves unnamed, RepoTags name.
async function merged(store: PullStore, spooled: Spooled): Promise<NamedManifest[]> {
  const layout = spooled.has("oci-layout") && spooled.has("index.json") ? await fromLayout(spooled) : [];
  if (!spooled.has("manifest.json")) return layout;
  const docker = await fromDocker(store, spooled);
  if (layout.length === 0) return docker;
  const configsOf = async (named: NamedManifest) =>
    (await imagesOf(store, named)).map(({ manifest }) => manifest.config.digest);
  const names = new Map<Digest, readonly string[]>();
  for (const each of docker) for (const config of await configsOf(each)) names.set(config, each.names);
  const all: NamedManifest[] = [];
  for (const each of layout) {
    const more = (await configsOf(each)).flatMap((config) => names.get(config) ?? []);
    all.push({ ...each, names: [...new Set([...each.names, ...more])] });
  }
  return all;
}

/**
 * Takes the archive in and answers what the index is to say. Throws ARCHIVE_INVALID, and what unpacking throws; then
 * no image of it is there.
 */
export async function loadArchive(
  store: PullStore,
  archive: Archive,
  { platform, onProgress = () => {} }: LoadOptions,
): Promise<NamedManifest[]> {
  try {
    const spooled = await spoolArchive(archive as AsyncIterable<Uint8Array>, store.blobs);
    const found = await merged(store, spooled);
    if (found.length === 0) throw archiveInvalid("it holds no image");
    const loaded: NamedManifest[] = [];
    for (const named of found)
      loaded.push(await unpackAll({ store, spooled, onProgress }, await narrowed(store, named, platform)));
    return loaded;
  } catch (error) {
    throw error instanceof TarError ? archiveInvalid(error.message, error) : error;
  }
}
