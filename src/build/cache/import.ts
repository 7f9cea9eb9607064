/** `--cache-from type=local`: what another engine has made, taken over step by step when it is asked for. */

import type { Stack } from "../../image/images.ts";
import type { LayerStore } from "../../image/layer-store.ts";
import { topOf } from "../../image/stack.ts";
import type { Digest } from "../../oci/digest.ts";
import { reasonOf } from "../../oci/error.ts";
import type { Cache } from "./cache.ts";
import { blobIn, openRegular, type PortableRecord, readRecords } from "./portable.ts";

export interface Imports {
  /** Whether the record of the key is now in the cache, and its layer, of the digest that was promised, in the store. */
  bring(key: Digest, below: Stack): Promise<boolean>;
}

export interface ImportParts {
  readonly folders: readonly string[];
  readonly cache: Cache;
  readonly layers: LayerStore;
  /** Hears what cannot be used: the step is made instead. */
  readonly warn: (message: string) => void;
}

export function openImports({ folders, cache, layers, warn }: ImportParts): Imports {
  const refused = (folder: string, cause: unknown) =>
    warn(`the build cache in ${folder} is not used: ${reasonOf(cause)}`);
  const opened = folders.map(async (folder) => {
    const records = await readRecords(folder).catch((cause: unknown) => {
      refused(folder, cause);
      return [];
    });
    return { folder, records: new Map(records.map((record) => [record.key, record])) };
  });

  const take = async (folder: string, record: PortableRecord, below: Stack): Promise<void> => {
    const { key, parts, text, kind, createdAt, layer } = record;
    const entry = { key, parts, text, kind, createdAt };
    if (layer === null) return cache.put({ ...entry, layer: null });
    await using file = await openRegular(blobIn(folder, layer.diffId));
    if (file.size !== layer.size) throw new Error(`layer ${layer.diffId} is damaged`);
    const stack = await layers.bring(file.handle.createReadStream({ autoClose: false }), layer.diffId, below);
    const chainId = topOf(stack);
    if (chainId === "") throw new Error("a layer that is none");
    cache.put({ ...entry, layer: { ...layer, chainId, bytes: layers.weigh(stack) } });
  };

  return {
    async bring(key, below) {
      for (const { folder, records } of await Promise.all(opened)) {
        const record = records.get(key);
        if (record === undefined) continue;
        try {
          await take(folder, record, below);
          return true;
        } catch (cause) {
          refused(folder, cause);
        }
      }
      return false;
    },
  };
}
