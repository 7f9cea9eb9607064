/** What an archive of images is made of. */
import { algorithmOf, type Digest, hexOf } from "../../oci/digest.ts";
import type { Manifest } from "../../oci/manifest.ts";
import { mediaType } from "../../oci/media-type.ts";
import type { Platform } from "../../oci/platform.ts";
import { familiar } from "../../oci/reference.ts";
import type { Image } from "../image.ts";
import { type Blobs, blobMissing } from "../layout/blobs.ts";
import { indexEntries, type NamedManifest, type Names } from "../layout/names.ts";
import { isAttestation } from "../platforms.ts";
import { namesMeant, type Records, union } from "../records.ts";
import { blobsOf, imageFor, isHere, type Present, readRoot, type Walked, walk } from "../root.ts";

export interface SaveOptions {
  /** The one of each image that is saved. */
  readonly platform?: Platform | undefined;
}

export interface SaveStore {
  readonly blobs: Blobs;
  readonly names: Names;
  readonly records: Records;
  readonly platform: Platform;
}

/** What the tar holds, in its order; the same images give the same bytes. */
export interface SavePlan {
  readonly documents: readonly (readonly [name: string, content: Buffer])[];
  /** Each once, with its size. */
  readonly blobs: ReadonlyMap<Digest, number>;
}

/** What one root becomes in the archive. */
interface Saved {
  /** The entry of index.json. */
  readonly named: NamedManifest;
  /** The one that Docker's list names: it knows no platforms. */
  readonly manifest: Manifest;
  readonly blobs: Iterable<Digest>;
}

/** A root, and where an id of one of its images was given that image alone. */
interface Meant {
  readonly named: NamedManifest;
  readonly only: Image | null;
}

/** docker save: a repository without a tag means all of its tags, an id the image without its names. */
function rootsMeant({ names, records }: SaveStore, text: string): Meant[] {
  const all = [...names.all.values()];
  for (const meant of namesMeant(text)) {
    const isMeant = (name: string) =>
      name === meant.name || (meant.bare && name.startsWith(`${meant.repository}:`));
    const found = all.map((each) => ({ ...each, names: each.names.filter(isMeant) }));
    const named = found.filter((each) => each.names.length > 0);
    if (named.length > 0) return named.map((each) => ({ named: each, only: null }));
  }
  const image = records.resolve(text);
  return all
    .filter(({ descriptor }) => descriptor.digest === image.roots[0])
    .map((each) => ({ named: { ...each, names: [] }, only: image }));
}

/** One entry for a root, however many of its names were asked for. */
function rootsOf(store: SaveStore, texts: readonly string[]): Meant[] {
  const found = new Map<string, Meant>();
  for (const { named, only } of texts.flatMap((text) => rootsMeant(store, text))) {
    const key = only?.manifests[0] ?? named.descriptor.digest;
    const names = union(found.get(key)?.named.names, named.names).sort();
    found.set(key, { named: { ...named, names, repoDigests: [] }, only });
  }
  return [...found.values()];
}

/**
 * An index of which one image alone is here is saved as that image, as it is pushed: most readers of archives stumble
 * over an index whose manifests are not there.
 */
function loneOf({ leaves }: Walked): Present | undefined {
  const images = leaves.filter(isHere).filter(({ descriptor }) => !isAttestation(descriptor));
  return images.length === 1 && !leaves.every(isHere) ? images[0] : undefined;
}

async function read(
  store: SaveStore,
  { named, only }: Meant,
  platform: Platform | undefined,
): Promise<Saved> {
  const { blobs } = store;
  const what = `cannot save the image of manifest ${named.descriptor.digest}`;
  const walked = await walk(blobs, named.descriptor, what);
  const best = () => imageFor(blobs, walked, platform ?? store.platform, what);
  const meant = walked.leaves.find(({ descriptor }) => only?.manifests.includes(descriptor.digest));
  const alone = meant !== undefined && isHere(meant) ? meant : loneOf(walked);
  const one = platform === undefined ? alone : await best();
  if (one !== undefined) {
    const { descriptor, manifest } = one;
    const all = [...blobsOf(manifest).map(({ digest }) => digest), descriptor.digest];
    return { named: { ...named, descriptor }, manifest, blobs: all };
  }
  const [first] = walked.leaves.filter(isHere);
  const { manifest } = await best().catch((error: unknown) => {
    if (first === undefined) throw error;
    return first;
  });
  const root = await readRoot(blobs, named.descriptor);
  return { named, manifest, blobs: [...root.blobs].reverse() };
}

export const pathOf = (digest: Digest) => `blobs/${algorithmOf(digest)}/${hexOf(digest)}`;

/** Docker's list of the images within (docker-archive, manifest.json); its paths are the layout's. */
function dockerManifest(saved: readonly Saved[]): object[] {
  return saved.map(({ named, manifest }) => ({
    Config: pathOf(manifest.config.digest),
    RepoTags: named.names.map(familiar),
    Layers: manifest.layers.map(({ digest }) => pathOf(digest)),
  }));
}

/** Finds all that the archive is made of, before its first byte. Throws NO_SUCH_IMAGE, NO_MATCHING_PLATFORM, BLOB_MISSING. */
export async function planSave(
  store: SaveStore,
  texts: readonly string[],
  { platform }: SaveOptions,
): Promise<SavePlan> {
  const saved: Saved[] = [];
  for (const meant of rootsOf(store, texts)) saved.push(await read(store, meant, platform));
  const blobs = new Map<Digest, number>();
  for (const digest of saved.flatMap((each) => [...each.blobs])) {
    const size = store.blobs.sizeOf(digest);
    if (size === undefined) throw blobMissing(digest);
    blobs.set(digest, size);
  }
  const manifests = saved.flatMap(({ named }) => indexEntries(named));
  const json = (value: unknown) => Buffer.from(JSON.stringify(value));
  const documents = [
    ["oci-layout", json({ imageLayoutVersion: "1.0.0" })],
    ["index.json", json({ schemaVersion: 2, mediaType: mediaType.ociIndex, manifests })],
    ["manifest.json", json(dockerManifest(saved))],
  ] as const;
  return { documents, blobs };
}
