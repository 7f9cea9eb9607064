import type { Readable } from "node:stream";
import type {
  Archive,
  Image,
  ImageChange,
  LayerWeight,
  LoadOptions,
  ManifestEntry,
  Pruned,
  PruneOptions,
  PullOptions,
  Pushed,
  PushOptions,
  RegistryAsking,
  Removal,
  SaveOptions,
} from "../image/images.ts";
import type { ImportOptions } from "../image/import.ts";
import type { LayerStore } from "../image/layer-store.ts";
import type { ManifestLists } from "../image/manifest-list/lists.ts";
import type { Registries } from "../image/registry/registries.ts";
import type { Trust } from "../image/trust/trust.ts";
import type { Platform } from "../oci/platform.ts";
import type { Reference } from "../oci/reference.ts";

/** The image store as the engine offers it: what changes in it is told as an event, what is in use stays. */
export interface EngineImages {
  /** The policy of what may be pulled and run, and signatures at registries. */
  readonly trust: Trust;
  /** Manifest lists of what is at registries. */
  readonly lists: ManifestLists;
  /** Layers that become images. */
  readonly layers: LayerStore;
  /** How registries are reached. REGISTRIES_INVALID. */
  registries(): Registries;
  list(): readonly Image[];
  /** By reference, id or prefix of one; of several platforms one. NO_SUCH_IMAGE, NO_MATCHING_PLATFORM, IMAGE_AMBIGUOUS. */
  resolve(image: string, platform?: Platform): Image;
  /** Whether the policy lets it be run. TRUST_REFUSED, TRUST_INVALID. */
  admit(image: Image, nameOrId: string): Promise<void>;
  /** The platforms of its index, or its one manifest. */
  manifests(image: Image): Promise<readonly ManifestEntry[]>;
  /** The files that the second has added, changed and removed; each is an image or a container. NO_SUCH_IMAGE. */
  diff(from: string, to: string): Promise<readonly ImageChange[]>;
  /** What each layer weighs, from the bottom up. */
  weigh(image: Image): Promise<readonly LayerWeight[]>;
  pull(reference: Reference, options?: PullOptions): Promise<Image>;
  /** The tags that the repository has at its registry. NO_SUCH_IMAGE. */
  tags(reference: Reference, asking?: RegistryAsking): Promise<readonly string[]>;
  /** To the registry that the name names. NO_SUCH_IMAGE, UNAUTHORIZED, REGISTRY_BUSY, REGISTRY_ERROR. */
  push(reference: Reference, options?: PushOptions): Promise<Pushed>;
  /** docker-archive and OCI-archive tars, plain or compressed. */
  load(archive: Archive, options?: LoadOptions): Promise<readonly Image[]>;
  /** One tar that is Docker's archive and an OCI layout. NO_SUCH_IMAGE, NO_MATCHING_PLATFORM. */
  save(images: readonly string[], options?: SaveOptions): Promise<Readable>;
  /** An image of a tar, plain or compressed. INVALID_OPTION, LAYER_REFUSED, NO_SPACE. */
  import(tar: AsyncIterable<Uint8Array>, options: ImportOptions): Promise<Image>;
  tag(image: string, reference: Reference): Promise<void>;
  /** Removes whatever may go and no container uses; `dryRun` only tells what that would be. */
  prune(o: Pick<PruneOptions, "mayGo" | "dryRun">): Promise<Pruned>;
  /** How many containers each image has, by its id. */
  useCounts(): ReadonlyMap<string, number>;
  /** IMAGE_IN_USE. */
  remove(image: string, o: { readonly force: boolean }): Promise<Removal>;
  /** Containers made from the image, or from another platform of its names, by id; those that are being made by name. */
  users(image: Image): readonly string[];
}
