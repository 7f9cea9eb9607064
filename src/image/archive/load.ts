/** `load`: images of an archive, Docker's or an OCI layout, become images of the store. */
import * as v from "valibot";
import type { Descriptor } from "../../oci/descriptor.ts";
import { chainIdsOf, type Digest } from "../../oci/digest.ts";
import { indexSchema } from "../../oci/index.ts";
import type { Manifest } from "../../oci/manifest.ts";
import { isIndexType, mediaType } from "../../oci/media-type.ts";
import { formatReference, parseReference, withDefaultTag } from "../../oci/reference.ts";
import { diffIdsOf, parseConfig, parseDocument } from "../document.ts";
import type { Layer } from "../image.ts";
import type { Archive } from "../images.ts";
import { fetchLayers } from "../layers.ts";
import { annotation, type NamedManifest } from "../layout/names.ts";
import type { LayerState, OnProgress } from "../progress.ts";
import { chooseManifest, type PullStore } from "../pull.ts";
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
    throw archiveInvalid(
      `its ${name} is malformed: ${cause instanceof Error ? cause.message : cause}`,
      cause,
    );
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

const isAttestation = (d: Descriptor) =>
  d.platform?.os === "unknown" || d.annotations?.["vnd.docker.reference.type"] !== undefined;

async function fromLayout(store: PullStore, spooled: Spooled): Promise<NamedManifest[]> {
  const index = parsed(indexSchema, await spooled.text("index.json"), "index.json");
  const found: NamedManifest[] = [];
  for (const top of index.manifests.filter((each) => !isAttestation(each))) {
    let descriptor = top;
    if (isIndexType(top.mediaType)) {
      const document = parseDocument(await store.blobs.read(top.digest), top.mediaType, what);
      if (document.kind !== "index") throw archiveInvalid("what it calls an index is none");
      descriptor = chooseManifest(document.index, store.platform, what);
    }
    found.push({ descriptor, names: nameOf(top), repoDigests: [] });
  }
  return found;
}

async function manifestOf(store: PullStore, { descriptor }: NamedManifest): Promise<Manifest> {
  const document = parseDocument(await store.blobs.read(descriptor.digest), descriptor.mediaType, what);
  if (document.kind === "manifest") return document.manifest;
  throw archiveInvalid("its index points to indexes without end");
}

async function unpack(
  store: PullStore,
  named: NamedManifest,
  onProgress: OnProgress,
): Promise<NamedManifest> {
  const manifest = await manifestOf(store, named);
  const config = parseConfig(await store.blobs.read(manifest.config.digest), what);
  const diffIds = diffIdsOf(manifest, config, what);
  const layers = manifest.layers.map(({ digest, size, mediaType: type }, i) => ({
    digest,
    size,
    mediaType: type,
    diffId: diffIds[i] as Digest,
  }));
  const missing = layers.find(({ digest }) => store.blobs.sizeOf(digest) === undefined);
  if (missing !== undefined) throw archiveInvalid(`it lacks the layer ${missing.digest}`);
  onProgress({
    kind: "resolved",
    reference: named.names[0] ?? named.descriptor.digest,
    digest: named.descriptor.digest,
    layers: layers.map(({ digest }) => digest),
  });
  const teller =
    ({ digest }: Layer) =>
    (state: LayerState) =>
      onProgress({ kind: "layer", digest, state });
  await fetchLayers(store.fetchLayer, layers, chainIdsOf(diffIds), teller, ({ digest }) =>
    store.blobs.stream(digest),
  );
  const platform = { os: config.os ?? "linux", architecture: config.architecture ?? "" };
  return { ...named, descriptor: { ...named.descriptor, platform } };
}

// docker 25 and later write both forms; what the layout leaves unnamed, RepoTags name.
async function merged(store: PullStore, spooled: Spooled): Promise<NamedManifest[]> {
  const layout =
    spooled.has("oci-layout") && spooled.has("index.json") ? await fromLayout(store, spooled) : [];
  if (!spooled.has("manifest.json")) return layout;
  const docker = await fromDocker(store, spooled);
  if (layout.length === 0) return docker;
  const configOf = async (named: NamedManifest) => (await manifestOf(store, named)).config.digest;
  const names = new Map<Digest, readonly string[]>();
  for (const each of docker) names.set(await configOf(each), each.names);
  const all: NamedManifest[] = [];
  for (const each of layout) {
    all.push({ ...each, names: [...new Set([...each.names, ...(names.get(await configOf(each)) ?? [])])] });
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
  onProgress: OnProgress,
): Promise<NamedManifest[]> {
  try {
    const spooled = await spoolArchive(archive as AsyncIterable<Uint8Array>, store.blobs);
    const found = await merged(store, spooled);
    if (found.length === 0) throw archiveInvalid("it holds no image");
    const loaded: NamedManifest[] = [];
    for (const named of found) loaded.push(await unpack(store, named, onProgress));
    return loaded;
  } catch (error) {
    throw error instanceof TarError ? archiveInvalid(error.message, error) : error;
  }
}
