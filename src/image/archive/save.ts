/** `save`: images of the store as one tar that is a docker-archive (manifest.json) and an OCI layout at once. */
import { createHash } from "node:crypto";
import { algorithmOf, type Digest, hexOf } from "../../oci/digest.ts";
import { InroError } from "../../oci/error.ts";
import type { Manifest } from "../../oci/manifest.ts";
import { mediaType } from "../../oci/media-type.ts";
import type { Platform } from "../../oci/platform.ts";
import { familiarName, parseReference } from "../../oci/reference.ts";
import { parseDocument } from "../document.ts";
import { type Blobs, blobMissing, digestMismatch } from "../layout/blobs.ts";
import { indexEntries, type NamedManifest, type Names } from "../layout/names.ts";
import { checkPlatform } from "../push-content.ts";
import { namesMeant, type Records } from "../records.ts";
import { tarEnd, tarHeader, tarPadding } from "../tar/writer.ts";

export interface SaveOptions {
  /** Every image has to be for it. */
  readonly platform?: Platform;
}

export interface SaveStore {
  readonly blobs: Blobs;
  readonly names: Names;
  readonly records: Records;
}

/** What the tar holds, in its order; the same images give the same bytes. */
export interface SavePlan {
  readonly documents: readonly (readonly [name: string, content: Buffer])[];
  /** Each once, with its size. */
  readonly blobs: ReadonlyMap<Digest, number>;
}

interface Saved {
  readonly named: NamedManifest;
  readonly manifest: Manifest;
}

/** docker save: a repository without a tag means all of its tags, an id the image without its names. */
function manifestsMeant({ names, records }: SaveStore, text: string): NamedManifest[] {
  const all = [...names.all.values()];
  for (const meant of namesMeant(text)) {
    const isMeant = (name: string) =>
      name === meant.name || (meant.bare && name.startsWith(`${meant.repository}:`));
    const found = all.map((each) => ({ ...each, names: each.names.filter(isMeant) }));
    const named = found.filter((each) => each.names.length > 0);
    if (named.length > 0) return named;
  }
  const { manifests } = records.resolve(text);
  return all
    .filter(({ descriptor }) => descriptor.digest === manifests[0])
    .map((each) => ({ ...each, names: [] }));
}

/** One entry for a manifest, however many of its names were asked for. */
function manifestsOf(store: SaveStore, texts: readonly string[]): NamedManifest[] {
  const found = new Map<Digest, NamedManifest>();
  for (const named of texts.flatMap((text) => manifestsMeant(store, text))) {
    const { digest } = named.descriptor;
    const names = [...new Set([...(found.get(digest)?.names ?? []), ...named.names])].sort();
    found.set(digest, { ...named, names, repoDigests: [] });
  }
  return [...found.values()];
}

const what = (named: NamedManifest) => `cannot save the image of manifest ${named.descriptor.digest}`;

async function read(
  { blobs }: SaveStore,
  named: NamedManifest,
  platform: Platform | undefined,
): Promise<Saved> {
  const { digest, mediaType: type } = named.descriptor;
  const document = parseDocument(await blobs.read(digest), type, what(named));
  if (document.kind === "index")
    throw new InroError("IMAGE_INVALID", { what: what(named), why: "the store's index points to an index" });
  const { manifest } = document;
  if (platform !== undefined) await checkPlatform(blobs, manifest.config.digest, platform, what(named));
  return { named, manifest };
}

const pathOf = (digest: Digest) => `blobs/${algorithmOf(digest)}/${hexOf(digest)}`;

/** Docker's list of the images within (docker-archive, manifest.json); its paths are the layout's. */
function dockerManifest(saved: readonly Saved[]): object[] {
  return saved.map(({ named, manifest }) => ({
    Config: pathOf(manifest.config.digest),
    RepoTags: named.names.map((name) => familiarName(parseReference(name))),
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
  for (const named of manifestsOf(store, texts)) saved.push(await read(store, named, platform));
  const blobs = new Map<Digest, number>();
  for (const { named, manifest } of saved) {
    for (const { digest } of [...manifest.layers, manifest.config, named.descriptor]) {
      const size = store.blobs.sizeOf(digest);
      if (size === undefined) throw blobMissing(digest);
      blobs.set(digest, size);
    }
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

function header(name: string, size: number): Buffer {
  const owner = { uid: 0, gid: 0, mtime: { seconds: 0, nanoseconds: 0 } };
  return tarHeader({
    type: "file",
    name,
    linkName: "",
    mode: 0o644,
    ...owner,
    size,
    major: 0,
    minor: 0,
    xattrs: [],
  });
}

/** The blob, which ends in an error rather than as an archive of something else. */
async function* verified(blobs: Blobs, digest: Digest): AsyncGenerator<Uint8Array> {
  const hash = createHash(algorithmOf(digest));
  for await (const chunk of blobs.stream(digest)) {
    hash.update(chunk);
    yield chunk;
  }
  const found = `${algorithmOf(digest)}:${hash.digest("hex")}` as Digest;
  if (found !== digest) throw digestMismatch(digest, found, `cannot save blob ${digest}`);
}

/** The tar, from the store's own files. Throws DIGEST_MISMATCH where a blob was damaged on the disk. */
export async function* archiveOf(blobs: Blobs, plan: SavePlan): AsyncGenerator<Uint8Array> {
  for (const [name, content] of plan.documents)
    yield Buffer.concat([header(name, content.length), content, tarPadding(content.length)]);
  for (const [digest, size] of plan.blobs) {
    yield header(pathOf(digest), size);
    yield* verified(blobs, digest);
    yield tarPadding(size);
  }
  yield tarEnd;
}
