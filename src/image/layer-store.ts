/**
 * Layers on their way to an image: what a builder stands on, writes and puts together. A layer has two forms, a plain
 * tar among the blobs and an unpacked folder among the snapshots, and here either alone is enough: what a step wrote
 * becomes a snapshot where it lies, and its tar is only hashed, unless an image is to be made of it.
 */
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { type Digest, digester, parseDigest } from "../oci/digest.ts";
import { InroError } from "../oci/error.ts";
import type { Rootfs } from "../oci/rootfs.ts";
import type { Image, Layer } from "./image.ts";
import type { BlobPart, Blobs, BlobWriter } from "./layout/blobs.ts";
import type { NamedManifest } from "./layout/names.ts";
import { type AssembleRequest, assembleImage, plainLayer, storeLayer } from "./make.ts";
import type { Driver } from "./snapshot/driver.ts";
import type { Snapshots } from "./snapshot/snapshots.ts";
import { NO_LAYERS, type Stack, stackOf, stackOn } from "./stack.ts";
import { tarMeter } from "./tar/meter.ts";
import { layerTar } from "./tree/layer-out.ts";
import type { Weights } from "./weights.ts";

export interface LayerStore {
  /** Nothing is swept until the answer is called: what is made meanwhile, nothing leads to yet. */
  hold(): Promise<() => void>;
  /** What nobody holds and nothing leads to goes. */
  sweep(): Promise<void>;
  /** Whether the files of its layers are here, in whatever form; those of `known`, which it stands on, are. */
  has(stack: Stack, known?: Stack): boolean;
  /** Bytes of the files of a stack's last layer. */
  weigh(stack: Stack): number;
  /** Its files without a writable layer, in a folder that is made for this alone; unpacked where they were not. */
  view(folder: string, stack: Stack): Promise<Rootfs>;
  /** The folders that its files lie in, uppermost first, as overlayfs merges them. */
  folders(stack: Stack): Promise<readonly string[]>;
  /**
   * What was written in a root that `prepare` made upon the stack becomes a layer, in the store's hands. Where nothing was
   * written the answer is the stack itself. LAYER_REFUSED, NO_SPACE.
   */
  seal(root: Rootfs, below: Stack, o: SealOptions): Promise<Stack>;
  /** A layer of a plain tar of ours. Where that holds nothing the answer is the stack itself. NO_SPACE. */
  store(tar: AsyncIterable<BlobPart>, below: Stack): Promise<Stack>;
  /** A layer of a tar that comes from elsewhere, unpacked at once. DIGEST_MISMATCH, LAYER_REFUSED, NO_SPACE. */
  bring(tar: AsyncIterable<Uint8Array>, diffId: Digest, below: Stack): Promise<Stack>;
  /** The file that a layer's tar is in, made of what is unpacked where it is missing. BLOB_MISSING, NO_SPACE. */
  tarOf(layer: { readonly diffId: Digest; readonly chainId: Digest; readonly size: number }): Promise<string>;
  /** An image of layers; tars that are missing are made of what is unpacked. BLOB_MISSING, NO_SPACE. */
  assemble(request: AssembleRequest): Promise<Image>;
}

export interface SealOptions {
  /** What of it is no part of the layer, by the path from the root. */
  readonly leftOut: (path: string) => boolean;
  /** Seconds since 1970: no file is said to be younger. */
  readonly latest: number | null;
  /** An image is to be made of it: its tar is kept. */
  readonly isKept: boolean;
}

/** Of a tar that holds no entry: two blocks of zeros. */
const EMPTY = parseDigest("sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef");

interface Parts {
  readonly native: string;
  readonly blobs: Blobs;
  readonly snapshots: Snapshots;
  readonly driver: Driver;
  readonly weights: Weights;
  unpack(stack: Stack): Promise<void>;
  publish(named: NamedManifest): Promise<Image>;
  during<T>(work: () => Promise<T>): Promise<T>;
  hold(): Promise<() => void>;
  sweep(): Promise<void>;
}

type Sink = Pick<BlobWriter, "write" | "verify" | "abort"> & { commit(): Promise<unknown> };

/** Takes a tar of bytes and keeps nothing of it but its digest. */
function hasher(): Sink {
  const hash = digester();
  return {
    write: async (part) => hash.update(part as Uint8Array),
    verify: async () => hash.digest(),
    commit: async () => {},
    abort: async () => {},
  };
}

/** The layer of a tar, which `sink` keeps or not, and the bytes of its files; undefined where there is nothing in it. */
async function take(
  tar: AsyncIterable<BlobPart>,
  sink: Sink,
): Promise<{ readonly layer: Layer; readonly bytes: number } | undefined> {
  const meter = tarMeter();
  let size = 0;
  try {
    for await (const part of tar) {
      if (part instanceof Uint8Array) meter.see(part);
      else meter.skip(part.size);
      size += part instanceof Uint8Array ? part.length : part.size;
      await sink.write(part);
    }
    const digest = await sink.verify();
    if (digest !== EMPTY) {
      await sink.commit();
      return { layer: plainLayer(digest, size), bytes: meter.bytes };
    }
  } catch (error) {
    await sink.abort();
    throw error;
  }
  await sink.abort();
  return undefined;
}

export function layerStore(parts: Parts): LayerStore {
  const { native, blobs, snapshots, driver, weights } = parts;
  const isStored = ({ digest, size }: Layer) => blobs.sizeOf(digest) === size;

  /** The tar of a snapshot that was made of what a container wrote. */
  const storeAgain = async (layer: Layer, chainId: Digest | undefined) => {
    if (isStored(layer)) return;
    const what = `cannot make an image with layer ${layer.digest}`;
    const missing = (why: string, cause?: unknown) =>
      new InroError("BLOB_MISSING", { what, why, hint: "build it again with --no-cache", cause });
    if (chainId === undefined || driver.name !== "overlay" || !snapshots.has(chainId))
      throw missing("neither its tar nor its files are in the store");
    const upper = { kind: "overlay", folder: dirname(snapshots.folderOf(chainId)), upper: "fs" } as const;
    const tar = layerTar(native, { ...upper, lower: [], work: "", mountpoint: "" }, () => false);
    await storeLayer(blobs, tar, layer.digest).catch((cause: unknown) => {
      const isOther = cause instanceof InroError && cause.code === "DIGEST_MISMATCH";
      throw isOther ? missing("its files are not any more what they were", cause) : cause;
    });
  };

  return {
    hold: parts.hold,
    sweep: parts.sweep,
    has({ layers, chainIds }, known = NO_LAYERS) {
      const isHere = (layer: Layer, i: number) => snapshots.has(chainIds[i] as Digest) || isStored(layer);
      return layers.every((layer, i) => i < known.layers.length || isHere(layer, i));
    },
    weigh({ layers, chainIds }) {
      const [layer, chainId] = [layers.at(-1), chainIds.at(-1)];
      return layer === undefined || chainId === undefined ? 0 : weights.of(layer, chainId);
    },
    async view(folder, stack) {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      await parts.during(() => parts.unpack(stack));
      if (stack.chainIds.length === 0) return { kind: "folder", path: folder };
      return driver.view(folder, stack.chainIds.map(snapshots.folderOf).reverse());
    },
    async folders(stack) {
      await parts.during(() => parts.unpack(stack));
      const folders = stack.chainIds.map(snapshots.folderOf).reverse();
      return driver.name === "overlay" ? folders : folders.slice(0, 1);
    },
    seal: (root, below, { leftOut, latest, isKept }) =>
      parts.during(async () => {
        // What differs from its tar is unpacked from that, when somebody stands on it.
        let isWhole = latest === null;
        const leaves = (path: string) => {
          const left = leftOut(path);
          isWhole &&= !left;
          return left;
        };
        // The folder of a driver that keeps whole roots does not say what the layer is.
        const sink = isKept || driver.name !== "overlay" || latest !== null ? await blobs.begin() : undefined;
        const tar = layerTar(native, root, leaves, latest ?? undefined);
        const taken = await take(tar, sink ?? hasher());
        if (taken === undefined) return below;
        const { layer, bytes } = taken;
        weights.learn(layer.diffId, bytes);
        const stack = stackOn(below, layer);
        const chainId = stack.chainIds.at(-1) as Digest;
        if (snapshots.has(chainId)) return stack;
        if (isWhole) await snapshots.adopt(chainId, { diffId: layer.diffId, size: bytes }, writtenIn(root));
        else if (sink === undefined) await store(layerTar(native, root, leftOut), below);
        return stack;
      }),
    store: (tar, below) => parts.during(() => store(tar, below)),
    bring: (tar, diffId, below) =>
      parts.during(async () => {
        const layer = await storeLayer(blobs, tar, diffId);
        const stack = stackOn(below, layer);
        await parts.unpack(stack);
        return stack;
      }),
    tarOf: ({ diffId, chainId, size }) =>
      parts.during(async () => {
        await storeAgain(plainLayer(diffId, size), chainId);
        return blobs.pathOf(diffId);
      }),
    assemble: (request) =>
      parts.during(async () => {
        const { chainIds } = stackOf(request.layers);
        for (const [i, layer] of request.layers.entries()) await storeAgain(layer, chainIds[i]);
        return await parts.publish(await assembleImage(blobs, request));
      }),
  };

  async function store(tar: AsyncIterable<BlobPart>, below: Stack): Promise<Stack> {
    const taken = await take(tar, await blobs.begin());
    if (taken === undefined) return below;
    weights.learn(taken.layer.diffId, taken.bytes);
    return stackOn(below, taken.layer);
  }
}

/** Where lies what was written, or the whole root that it was written in. */
const writtenIn = (root: Rootfs) => (root.kind === "overlay" ? `${root.folder}/${root.upper}` : root.path);
