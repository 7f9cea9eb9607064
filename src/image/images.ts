import type { Readable } from "node:stream";
import type { Platform } from "../oci/platform.ts";
import type { Reference } from "../oci/reference.ts";
import type { Rootfs } from "../oci/rootfs.ts";
import type { Reserve } from "../platform/reserve.ts";
import type { SaveOptions } from "./archive/save-plan.ts";
import type { CheckOptions } from "./check/check.ts";
import type { Checked } from "./check/finding.ts";
import type { Side } from "./contents/contents.ts";
import type { Change as ImageChange } from "./contents/diff.ts";
import type { LayerWeight } from "./contents/weigh.ts";
import type { Image } from "./image.ts";
import type { LayerStore } from "./layer-store.ts";
import type { MakeRequest } from "./make.ts";
import type { ManifestLists } from "./manifest-list/lists.ts";
import type { ManifestEntry } from "./manifests.ts";
import type { OnProgress, OnPushProgress } from "./progress.ts";
import type { Pruned, PruneOptions } from "./prune.ts";
import type { Pushed } from "./push.ts";
import type { KeptLayer } from "./records.ts";
import type { Registries } from "./registry/registries.ts";
import type { DriverName } from "./snapshot/driver.ts";
import type { Stack } from "./stack.ts";
import type { Trust } from "./trust/trust.ts";

export type { SaveOptions } from "./archive/save-plan.ts";
export type { CheckOptions } from "./check/check.ts";
export type { Checked, Finding, Report } from "./check/finding.ts";
export type { Side } from "./contents/contents.ts";
export type { Change as ImageChange } from "./contents/diff.ts";
export type { LayerWeight } from "./contents/weigh.ts";
export type { Image } from "./image.ts";
export type { MakeRequest } from "./make.ts";
export type { ManifestEntry } from "./manifests.ts";
export { openImages } from "./open.ts";
export type { LayerState, OnProgress, PullProgress, PushProgress } from "./progress.ts";
export type { Pruned, PruneOptions } from "./prune.ts";
export type { Pushed } from "./push.ts";
export type { KeptLayer } from "./records.ts";
export { NO_LAYERS, type Stack, stackOn, topOf } from "./stack.ts";

export type RegistryAuth =
  | { readonly username: string; readonly password: string }
  | { readonly identityToken: string }
  | { readonly registryToken: string };

/** On whose behalf a registry is asked, and until when. */
export interface RegistryAsking {
  readonly auth?: RegistryAuth | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface PullOptions extends RegistryAsking {
  /** The one of an index; "all" brings the whole of it. This machine's where nothing is said. */
  readonly platform?: Platform | "all" | undefined;
  readonly onProgress?: OnProgress;
}

export interface LoadOptions {
  /** The one platform of an index that is taken; all that the archive has otherwise. */
  readonly platform?: Platform | undefined;
  readonly onProgress?: OnProgress;
}

export interface PushOptions extends RegistryAsking {
  /** The one platform of an index that is pushed; all of it otherwise. */
  readonly platform?: Platform | undefined;
  readonly onProgress?: OnPushProgress;
}

export interface RemoveOptions {
  /** Remove although several names point to it, or although stopped containers use it. */
  readonly force: boolean;
  /** Names of the containers that use an image. */
  readonly inUse: (imageId: string) => readonly string[];
}

export interface Removal {
  readonly untagged: readonly string[];
  readonly deleted: readonly string[];
}

export type Archive = AsyncIterable<Uint8Array> | ReadableStream<Uint8Array>;

export interface PrepareOptions {
  /** Bytes that may be written, told when the root is first made. */
  readonly limit?: number | undefined;
  /** A folder that is the lowest layer of all, where the driver mounts layers. */
  readonly beneath?: string | null;
  /** Nothing but the stack's own files: the engine's mount points are not among them. */
  readonly isBare?: boolean;
}

/** The image store of one data root. An image is either wholly there or not at all, whatever happens to the process. */
export interface Images {
  pull(reference: Reference, options?: PullOptions): Promise<Image>;
  /** The tags that the repository has at its registry. Throws NO_SUCH_IMAGE, and what asking a registry throws. */
  tags(reference: Reference, asking?: RegistryAsking): Promise<readonly string[]>;
  /** The image of this name, which has a tag, to the registry that it names; sent is what is missing there. */
  push(reference: Reference, options?: PushOptions): Promise<Pushed>;
  /** Docker's archives (`docker save`) and OCI layouts as a tar, plain or compressed. Answers its images, each with the
   * names that the archive has for it. */
  load(archive: Archive, options?: LoadOptions): Promise<Image[]>;
  /** One tar that is Docker's archive and an OCI layout; nothing of it is swept until the stream is closed.
   * Throws NO_SUCH_IMAGE, NO_MATCHING_PLATFORM, BLOB_MISSING. */
  save(namesOrIds: readonly string[], options?: SaveOptions): Promise<Readable>;
  /** How registries are reached, as the host has it at the moment. Throws REGISTRIES_INVALID. */
  registries(): Registries;
  /** An image with one layer more. Throws LAYER_REFUSED, NO_SPACE; then nothing of it is there. */
  make(request: MakeRequest): Promise<Image>;
  /** Throws LAYOUT_DAMAGED, as whatever needs to know which images there are. */
  list(): readonly Image[];
  /** By name (docker's grammar; a bare name falls back to localhost/), by digest, by id or by a prefix of it.
   * Of several platforms the one that is asked for, or this machine's. Throws NO_SUCH_IMAGE, NO_MATCHING_PLATFORM, or
   * IMAGE_AMBIGUOUS for a prefix of several. */
  resolve(nameOrId: string, platform?: Platform): Image;
  /** The platforms of its index, those too that are not here; of a single image its one manifest. */
  manifests(image: Image): Promise<readonly ManifestEntry[]>;
  /** The policy, and signatures at registries. */
  readonly trust: Trust;
  /** Manifest lists of what is at registries. */
  readonly lists: ManifestLists;
  /** Whether the policy of this moment lets the image that `resolve` found by a text be run. Throws TRUST_REFUSED,
   * TRUST_INVALID. */
  admit(image: Image, nameOrId: string): Promise<void>;
  /** The files that the second has added, changed and removed. Throws BLOB_MISSING. */
  diff(a: Side, b: Side): Promise<readonly ImageChange[]>;
  /** What each layer weighs, from the bottom up. Throws BLOB_MISSING. */
  weigh(image: Image): Promise<readonly LayerWeight[]>;
  tag(image: Image, reference: Reference): Promise<void>;
  remove(nameOrId: string, options: RemoveOptions): Promise<Removal>;
  /** Removes all that may go at once. */
  prune(options: PruneOptions): Promise<Pruned>;
  /**
   * Holds everything stored against what the index says, and reports what does not agree, as it is found. Repaired is only
   * what nothing needs or can be made again; what has to come from elsewhere is left to be pulled.
   */
  check(options: CheckOptions): Promise<Checked>;
  /** How layers and containers' files are kept. */
  readonly driver: DriverName;
  /** Unpacks what is missing, makes the container's root in its folder, and holds it for one user. Called again after
   * `release`, it finds what was written. ROOTFS_IN_USE, NO_SPACE, QUOTA_UNSUPPORTED, STORAGE_DRIVER_OTHER */
  prepare(containerFolder: string, stack: Stack, o?: PrepareOptions): Promise<Rootfs>;
  /** Layers that become images. */
  readonly layers: LayerStore;
  /** Gives the lock back; what the container wrote stays until its folder is removed. */
  release(containerFolder: string): Promise<void>;
  /** Waits until what was unpacked is on disk, and ends what the store started. */
  close(): Promise<void>;
}

export interface ImagesOptions {
  /** The data root, absolute. */
  readonly root: string;
  readonly platform?: Platform;
  /** How layers and containers' files are kept; found by trying where none is named. STORAGE_DRIVER_UNUSABLE */
  readonly driver?: DriverName | undefined;
  /** The program whose role `inro-tree` applies and reads file trees. */
  readonly native: string;
  /** Ids of the images that containers stand on: as long as one of them is not known, nothing is swept. */
  readonly needed?: () => readonly string[];
  /** Layers that stay although no image has them. */
  readonly kept?: () => readonly KeptLayer[];
  /** Given up when the disk is full and an image is removed. */
  readonly reserve?: Reserve;
  /** The file of mirrors and rewrites (registry/registries.ts); none for none. It is read anew for each pull. */
  readonly registries?: string;
  /** The policy of what may be pulled and run (trust/policy-file.ts); none for none. It is read anew each time. */
  readonly trust?: string;
  /** The static program of the built-in image localhost/hello:latest. */
  readonly builtin?: { readonly path: string };
}
