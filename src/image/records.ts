/** The images of the store, as its index names them. */
import type { Digest } from "../oci/digest.ts";
import { InroError } from "../oci/error.ts";
import type { Platform } from "../oci/platform.ts";
import { formatReference, parseReference, repositoryOf, withDefaultTag } from "../oci/reference.ts";
import type { Image } from "./image.ts";
import type { Blobs } from "./layout/blobs.ts";
import type { NamedManifest, Names } from "./layout/names.ts";
import { bestFor, noMatchingPlatform, platformOf } from "./platforms.ts";
import { type Root, type RootImage, readRoot } from "./root.ts";
import type { Reachable } from "./sweep.ts";
import type { Weights } from "./weights.ts";

export interface Records {
  /** Throws LAYOUT_DAMAGED where the index cannot be read, as do those below: no image is not the same as none known. */
  list(): readonly Image[];
  /** Of several platforms the asked one, or the one that suits this machine. */
  resolve(nameOrId: string, platform?: Platform): Image;
  /** Whether an image has this name. */
  knows(name: string): boolean;
  /** Reads what a root consists of, anew where it is an index: more of it may be here now. */
  learn(named: NamedManifest): Promise<void>;
  /** More is unpacked now: sizes are taken anew. */
  renew(): void;
  /**
   * What the index leads to. Undefined, since nobody knows, while it or a root cannot be read, or while a container
   * stands on an image that is not known: what is lost of an index is like what never was here.
   */
  reachable(): Reachable | undefined;
}

/** Each once, in their order. */
export const union = <T>(a: readonly T[] | undefined, b: readonly T[]): T[] => [
  ...new Set([...(a ?? []), ...b]),
];

// Several manifests may have one configuration (another compression): they are one image with all their names.
function merge(images: Image[]): Image[] {
  const byId = new Map<Digest, Image>();
  for (const image of images) {
    const before = byId.get(image.id);
    byId.set(image.id, {
      ...(before ?? image),
      names: union(before?.names, image.names).sort(),
      repoDigests: union(before?.repoDigests, image.repoDigests).sort(),
      manifests: union(before?.manifests, image.manifests),
      roots: union(before?.roots, image.roots),
      family: union(before?.family, image.family),
    });
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
const hasName = (image: Pick<Image, "names" | "repoDigests">, name: string) =>
  image.names.includes(name) || image.repoDigests.includes(withoutNote(name));

const bestOf = <T extends Pick<Image, "config">>(images: readonly T[], platform: Platform): T | undefined =>
  bestFor(images, platform, ({ config }) => platformOf(config)) ?? images[0];

function byName(images: readonly Image[], text: string, platform: Platform): Image | undefined {
  for (const { name } of namesMeant(text)) {
    const found = images.filter((image) => hasName(image, name));
    if (found.length > 0) return bestOf(found, platform);
  }
  return undefined;
}

/** An image of several roots has the families of all: the one that suits this machine is the first of them. */
function withFirst(images: readonly Image[], platform: Platform): Image[] {
  const byId = new Map(images.map((image) => [image.id, image]));
  return images.map((image) => {
    if (image.roots.length === 1) return image;
    const first = bestOf(
      image.family.flatMap((id) => byId.get(id) ?? []),
      platform,
    );
    return { ...image, family: union(first === undefined ? [] : [first.id], image.family) };
  });
}

/** The names by which a text means the image: one, or, where it is an id, all that the image has. */
export function namesUsed(image: Image, text: string): readonly string[] {
  const used = namesMeant(text).find(({ name }) => hasName(image, name));
  return used === undefined ? [...image.names, ...image.repoDigests] : [withoutNote(used.name)];
}

/** The image of the same name for a platform. Throws NO_MATCHING_PLATFORM. */
function forPlatform(images: readonly Image[], image: Image, platform: Platform, text: string): Image {
  const family = images.filter(({ id }) => image.family.includes(id));
  const found = bestFor(family, platform, ({ config }) => platformOf(config));
  if (found !== undefined) return found;
  const what = `cannot use the image ${JSON.stringify(text)}`;
  throw noMatchingPlatform(
    what,
    platform,
    family.map(({ config }) => platformOf(config)),
  );
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
  const tagged = /[:@][^/]*$/.test(text) ? text : `${text}:latest`;
  return new InroError("NO_SUCH_IMAGE", {
    what: `cannot find the image ${JSON.stringify(text)}`,
    // docker-py pulls an image when it reads these words.
    why: `No such image: ${tagged}`,
    hint: "list them with `inro images`, or pull it",
  });
}

/** A layer of our own making, whose blob is plain. */
export interface KeptLayer {
  readonly chainId: Digest;
  readonly diffId: Digest;
}

export interface RecordsStore {
  readonly blobs: Blobs;
  readonly names: Names;
  readonly weights: Weights;
  /** This machine's. */
  readonly platform: Platform;
  /** Ids of the images that containers stand on. */
  readonly needed: () => readonly string[];
  /** Layers that stay although no image has them. */
  readonly kept: () => readonly KeptLayer[];
}

export async function openRecords({
  blobs,
  names,
  weights,
  platform,
  needed,
  kept: others,
}: RecordsStore): Promise<Records> {
  const known = new Map<Digest, Root>();
  // Asked for again and again, and the same until the index changes or more of it is here.
  let listed: { readonly of: Names["all"]; readonly images: readonly Image[] } | undefined;
  const learn = async ({ descriptor }: NamedManifest) => {
    const before = known.get(descriptor.digest);
    if (before !== undefined && !before.isIndex) return;
    listed = undefined;
    known.set(descriptor.digest, await readRoot(blobs, descriptor));
  };
  // An image whose blobs are gone is not shown; the rest of the store goes on.
  for (const named of names.all.values()) await learn(named).catch(() => {});
  const sizesOf = ({ layers, chainIds }: RootImage) =>
    layers.map((layer, i) => weights.of(layer, chainIds[i] as Digest));
  const imagesOf = ({ descriptor, names: own, repoDigests }: NamedManifest): Image[] => {
    const images = known.get(descriptor.digest)?.images ?? [];
    const first = bestOf(images, platform);
    const family = union(
      first === undefined ? [] : [first.id],
      images.map(({ id }) => id),
    );
    return images.map(({ manifest, ...image }) => {
      const layerSizes = sizesOf({ manifest, ...image });
      const size = layerSizes.reduce((sum, each) => sum + each, 0);
      const roots = [descriptor.digest];
      return { ...image, names: own, repoDigests, layerSizes, size, manifests: [manifest], roots, family };
    });
  };
  /** The same image, the root that the text names first: another compression has another digest. */
  const askedBy = (image: Image, text: string): Image => {
    const isNamed = (root: Digest) => {
      const named = names.all.get(root);
      return named !== undefined && namesMeant(text).some(({ name }) => hasName(named, name));
    };
    const asked = image.roots.length > 1 ? image.roots.find(isNamed) : undefined;
    return asked === undefined ? image : { ...image, roots: union([asked], image.roots) };
  };
  const list = () => {
    if (names.damage !== null) throw names.damage;
    if (listed?.of !== names.all)
      listed = {
        of: names.all,
        images: withFirst(merge([...names.all.values()].flatMap(imagesOf)), platform),
      };
    return listed.images;
  };
  return {
    list,
    learn,
    renew: () => {
      listed = undefined;
    },
    reachable() {
      if (names.damage !== null) return undefined;
      const kept = { blobs: new Set<Digest>(), snapshots: new Set<Digest>() };
      const images = new Set<string>();
      for (const digest of names.all.keys()) {
        const root = known.get(digest);
        if (root === undefined) return undefined;
        for (const each of root.blobs) kept.blobs.add(each);
        for (const { chainIds } of root.images) for (const chainId of chainIds) kept.snapshots.add(chainId);
        for (const { id } of root.images) images.add(id);
      }
      for (const { chainId, diffId } of others()) {
        kept.blobs.add(diffId);
        kept.snapshots.add(chainId);
      }
      return needed().every((id) => images.has(id)) ? kept : undefined;
    },
    knows: (name) => byName(list(), name, platform) !== undefined,
    resolve(text, wanted) {
      const images = list();
      const found = byName(images, text, platform) ?? byId(images, text);
      if (found === undefined) throw noSuchImage(text);
      return askedBy(wanted === undefined ? found : forPlatform(images, found, wanted, text), text);
    },
  };
}
