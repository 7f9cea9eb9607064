/** The images of the store, as its index names them. */
import type { Digest } from "../oci/digest.ts";
import { chainIdsOf } from "../oci/digest.ts";
import { InroError } from "../oci/error.ts";
import type { Manifest } from "../oci/manifest.ts";
import { formatReference, parseReference, repositoryOf, withDefaultTag } from "../oci/reference.ts";
import { diffIdsOf, parseConfig, parseDocument } from "./document.ts";
import type { Image, Layer } from "./image.ts";
import type { Blobs } from "./layout/blobs.ts";
import type { NamedManifest, Names } from "./layout/names.ts";
import type { Snapshots } from "./snapshot/snapshots.ts";
import type { Reachable } from "./sweep.ts";

type Known = Omit<Image, "names" | "repoDigests" | "size">;

export interface Records {
  /** Throws LAYOUT_DAMAGED where the index cannot be read, as do those below: no image is not the same as none known. */
  list(): Image[];
  resolve(nameOrId: string): Image;
  /** Whether an image has this name. */
  knows(name: string): boolean;
  /** Reads what a manifest of the index consists of; needed once before `list` can show it. */
  learn(named: NamedManifest): Promise<void>;
  /** What the index leads to; undefined while it or a manifest of it cannot be read, since then nobody knows. */
  reachable(): Reachable | undefined;
}

function layersOf(manifest: Manifest, diffIds: readonly Digest[]): Layer[] {
  return manifest.layers.map((layer, i) => ({
    digest: layer.digest,
    diffId: diffIds[i] as Digest,
    size: layer.size,
    mediaType: layer.mediaType,
  }));
}

async function read(blobs: Blobs, { descriptor }: NamedManifest): Promise<Known> {
  const what = `cannot read the image of manifest ${descriptor.digest}`;
  const document = parseDocument(await blobs.read(descriptor.digest), descriptor.mediaType, what);
  if (document.kind === "index")
    throw new InroError("IMAGE_INVALID", { what, why: "the store's index points to an index" });
  const { manifest } = document;
  const config = parseConfig(await blobs.read(manifest.config.digest), what);
  const diffIds = diffIdsOf(manifest, config, what);
  const { architecture } = config;
  const layers = layersOf(manifest, diffIds);
  const created = config.created ?? "";
  const os = config.os ?? "linux";
  return {
    id: manifest.config.digest,
    manifests: [descriptor.digest],
    config,
    layers,
    chainIds: chainIdsOf(diffIds),
    created,
    architecture: architecture ?? "",
    os,
  };
}

// Several manifests may have one configuration (another compression): they are one image with all their names.
function merge(images: Image[]): Image[] {
  const byId = new Map<Digest, Image>();
  for (const image of images) {
    const before = byId.get(image.id);
    const names = [...new Set([...(before?.names ?? []), ...image.names])].sort();
    const repoDigests = [...new Set([...(before?.repoDigests ?? []), ...image.repoDigests])].sort();
    const manifests = [...(before?.manifests ?? []), ...image.manifests];
    byId.set(image.id, { ...(before ?? image), manifests, names, repoDigests });
  }
  return [...byId.values()].sort((a, b) =>
    a.created < b.created ? 1 : a.created > b.created ? -1 : a.id < b.id ? -1 : 1,
  );
}

export interface MeantName {
  /** In full, with its tag. */
  readonly name: string;
  readonly repository: string;
  /** The text has neither tag nor digest. */
  readonly bare: boolean;
}

/** The names that docker's grammar gives, and for a bare name the local one. */
export function namesMeant(text: string): MeantName[] {
  try {
    const given = parseReference(text);
    const bare = given.tag === undefined && given.digest === undefined;
    const reference = withDefaultTag(given);
    const references = [reference];
    if (reference.domain === "docker.io" && !/^(index\.)?docker\.io\//.test(text)) {
      const path = text.includes("/") ? reference.path : reference.path.replace(/^library\//, "");
      references.push({ ...reference, domain: "localhost", path });
    }
    return references.map((each) => ({ name: formatReference(each), repository: repositoryOf(each), bare }));
  } catch {
    return [];
  }
}

// name:tag@digest names the digest; the tag is only a note.
const withoutNote = (name: string) => name.replace(/:[^:/@]+@/, "@");
const hasName = (image: Image, name: string) =>
  image.names.includes(name) || image.repoDigests.includes(withoutNote(name));

function byName(images: readonly Image[], text: string): Image | undefined {
  for (const { name } of namesMeant(text)) {
    const found = images.find((image) => hasName(image, name));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The names by which a text means the image: one, or, where it is an id, all that the image has. */
export function namesUsed(image: Image, text: string): readonly string[] {
  const used = namesMeant(text).find(({ name }) => hasName(image, name));
  return used === undefined ? [...image.names, ...image.repoDigests] : [withoutNote(used.name)];
}

function byId(images: readonly Image[], text: string): Image | undefined {
  const hex = text.replace(/^sha256:/, "");
  if (!/^[0-9a-f]{1,64}$/.test(hex)) return undefined;
  const found = images.filter((image) => image.id.startsWith(`sha256:${hex}`));
  if (found.length <= 1) return found[0];
  throw new InroError("IMAGE_AMBIGUOUS", {
    what: `cannot tell which image ${JSON.stringify(text)} is`,
    why: `${found.length} ids begin with it`,
    hint: "give more of the id",
  });
}

export function noSuchImage(text: string): InroError {
  return new InroError("NO_SUCH_IMAGE", {
    what: `cannot find the image ${JSON.stringify(text)}`,
    why: "no image has this name or id",
    hint: "list them with `inro images`, or pull it",
  });
}

export async function openRecords(blobs: Blobs, names: Names, snapshots: Snapshots): Promise<Records> {
  const known = new Map<Digest, Known>();
  const learn = async (named: NamedManifest) => {
    const { digest } = named.descriptor;
    if (!known.has(digest)) known.set(digest, await read(blobs, named));
  };
  // An image whose blobs are gone is not shown; the rest of the store goes on.
  for (const named of names.all.values()) await learn(named).catch(() => {});
  const sizeOf = ({ layers, chainIds }: Known) =>
    layers.reduce((sum, layer, i) => sum + (snapshots.sizeOf(chainIds[i] as Digest) ?? layer.size), 0);
  const list = () => {
    if (names.damage !== null) throw names.damage;
    const images: Image[] = [];
    for (const { descriptor, names: own, repoDigests } of names.all.values()) {
      const image = known.get(descriptor.digest);
      if (image !== undefined) images.push({ ...image, names: own, repoDigests, size: sizeOf(image) });
    }
    return merge(images);
  };
  return {
    list,
    learn,
    reachable() {
      if (names.damage !== null) return undefined;
      const kept = { blobs: new Set<Digest>(), snapshots: new Set<Digest>() };
      for (const digest of names.all.keys()) {
        const image = known.get(digest);
        if (image === undefined) return undefined;
        for (const each of [digest, image.id, ...image.layers.map((layer) => layer.digest)])
          kept.blobs.add(each);
        for (const chainId of image.chainIds) kept.snapshots.add(chainId);
      }
      return kept;
    },
    knows: (name) => byName(list(), name) !== undefined,
    resolve(text) {
      const images = list();
      const found = byName(images, text) ?? byId(images, text);
      if (found !== undefined) return found;
      throw noSuchImage(text);
    },
  };
}
