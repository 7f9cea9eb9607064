/** All that the build cache holds, as people are shown it, and what of it goes. */
import { statfsSync } from "node:fs";
import type { EngineImages } from "../../engine/images.ts";
import { type Digest, hexOf } from "../../oci/digest.ts";
import type { Cache } from "./cache.ts";
import type { CacheMounts } from "./mounts.ts";

export interface StockItem {
  readonly id: string;
  /** Docker's words. */
  readonly type: "regular" | "exec.cachemount";
  /** Ids of what it stands on. */
  readonly parents: readonly string[];
  readonly description: string;
  /** Of its files on disk. */
  readonly bytes: number;
  /** By a build that is under way. */
  readonly isUsed: boolean;
  /** An image has its layer, too: without the record it stays. */
  readonly isShared: boolean;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly usedAt: number;
  readonly uses: number;
}

export interface StockPrune {
  /** What may go at all. */
  readonly fits: (item: StockItem) => boolean;
  /** What images share, too, though that frees nothing. */
  readonly all: boolean;
  /** Bytes that the cache may keep: those used last. */
  readonly reserved: number;
  /** Bytes that it may not have more than; 0: no bound of its own. */
  readonly most: number;
  /** Bytes that are to be free on the disk afterwards; 0: none. */
  readonly free: number;
  readonly dryRun: boolean;
}

export interface StockPruned {
  readonly removed: readonly StockItem[];
  readonly reclaimed: number;
}

export interface Stock {
  /** Those used last come first. */
  list(): Promise<readonly StockItem[]>;
  /** Bytes that it has not more than, found without a look at each record. */
  atMost(): Promise<number>;
  /** What no build uses and nothing else stands on goes, that first which was not used for the longest time. */
  prune(o: StockPrune): Promise<StockPruned>;
}

export interface StockParts {
  readonly folder: string;
  readonly cache: Cache;
  readonly mounts: CacheMounts;
  readonly images: Pick<EngineImages, "list" | "layers">;
  readonly isUsed: (key: Digest) => boolean;
}

interface Held {
  readonly item: StockItem;
  remove(): Promise<void> | void;
}

/** Of ids, as docker's are about that long. */
const ID_LENGTH = 24;

export function openStock({ folder, cache, mounts, images, isUsed }: StockParts): Stock {
  const steps = (): Held[] => {
    const entries = cache.list();
    const layersOfImages = new Set(images.list().flatMap(({ chainIds }) => chainIds));
    const idOf = (key: Digest) => hexOf(key).slice(0, ID_LENGTH);
    const makers = new Map(entries.map(({ layer, key }) => [layer?.chainId, idOf(key)]));
    return entries.map(({ key, parts, text, layer, createdAt, usedAt, uses }) => {
      const parent = makers.get(parts["below"] as Digest);
      return {
        item: {
          ...{ id: idOf(key), type: "regular", description: text, createdAt, usedAt, uses },
          parents: parent === undefined || parts["below"] === "" ? [] : [parent],
          bytes: layer?.bytes ?? 0,
          isUsed: isUsed(key),
          isShared: layer !== null && layersOfImages.has(layer.chainId),
        },
        remove: () => cache.remove([key]),
      };
    });
  };

  const folders = async (): Promise<Held[]> =>
    (await mounts.list()).map(({ name, path, record, bytes, isUsed }) => ({
      item: {
        ...{ id: name, type: "exec.cachemount", parents: [], bytes, isUsed, isShared: false },
        description: `cached mount with id ${JSON.stringify(record.id)}`,
        ...{ createdAt: record.createdAt, usedAt: record.usedAt, uses: record.uses },
      },
      remove: () => mounts.remove(path),
    }));

  const held = async () => [...steps(), ...(await folders())].sort((a, b) => b.item.usedAt - a.item.usedAt);

  return {
    list: async () => (await held()).map(({ item }) => item),
    atMost: async () => (await mounts.list()).reduce((sum, { bytes }) => sum + bytes, cache.bytes()),
    async prune(o) {
      const all = await held();
      const total = all.reduce((sum, { item }) => sum + ownBytes(item), 0);
      const keep = bytesToKeep(o, total, folder);
      const removed: StockItem[] = [];
      let left = total;
      for (const { item, remove } of oldestFirst(all, o)) {
        if (left <= keep && keep > 0) break;
        if (!o.dryRun) await remove();
        removed.push(item);
        left -= ownBytes(item);
      }
      if (!o.dryRun && removed.length > 0) await images.layers.sweep();
      return { removed, reclaimed: total - left };
    },
  };
}

/** What goes with it. */
const ownBytes = ({ bytes, isShared }: StockItem) => (isShared ? 0 : bytes);

/** As BuildKit reckons it; 0: nothing has to stay. */
function bytesToKeep({ reserved, most, free }: StockPrune, total: number, folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  const wanted = free === 0 ? 0 : Math.max(free - bavail * bsize, 0);
  if (free > 0 && wanted === 0 && most === 0 && reserved === 0) return Number.POSITIVE_INFINITY;
  const bounds = [...(most > 0 ? [most] : []), ...(wanted > 0 ? [total - wanted] : [])];
  return Math.max(reserved, bounds.length === 0 ? 0 : Math.min(...bounds), 0);
}

/** What others stand on goes after them, or not at all. */
function* oldestFirst(all: readonly Held[], { fits, all: also }: StockPrune): Generator<Held> {
  const standing = new Map<string, number>();
  for (const { item } of all)
    for (const parent of item.parents) standing.set(parent, (standing.get(parent) ?? 0) + 1);
  const may = ({ item }: Held) => !item.isUsed && (also || !item.isShared) && fits(item);
  const passed = new Map<string, Held>();
  for (const each of all.filter(may).reverse()) {
    passed.set(each.item.id, each);
    const due = [each];
    for (let next = due.pop(); next !== undefined; next = due.pop()) {
      if ((standing.get(next.item.id) ?? 0) > 0) continue;
      passed.delete(next.item.id);
      yield next;
      for (const parent of next.item.parents) {
        standing.set(parent, (standing.get(parent) ?? 1) - 1);
        const waiting = passed.get(parent);
        if (waiting !== undefined) due.push(waiting);
      }
    }
  }
}
