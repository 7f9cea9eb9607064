/** `--cache-to type=local`: what a build stood on, in a folder for another engine. */
import { randomBytes } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { copyFile, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { LayerStore } from "../../image/layer-store.ts";
import { digestOf } from "../../oci/digest.ts";
import { InroError, reasonOf } from "../../oci/error.ts";
import { diskFull } from "../../platform/disk-full.ts";
import type { CacheEntry } from "./cache.ts";
import { blobIn, documentsOf, type PortableRecord } from "./portable.ts";

/** Whole or not at all; what was exported there before makes way. CACHE_EXPORT_FAILED, BLOB_MISSING, NO_SPACE. */
export async function exportCache(
  folder: string,
  entries: readonly CacheEntry[],
  layers: LayerStore,
): Promise<void> {
  const failed = (why: string, cause?: unknown) =>
    new InroError("CACHE_EXPORT_FAILED", { what: `cannot export the build cache to ${folder}`, why, cause });
  const before = existsSync(folder) ? readdirSync(folder) : [];
  if (before.length > 0 && !before.includes("oci-layout")) throw failed("it holds something else");
  const fresh = `${folder}.${randomBytes(6).toString("hex")}`;
  try {
    await mkdir(join(fresh, "blobs/sha256"), { recursive: true });
    const records: PortableRecord[] = [];
    for (const { key, parts, text, kind, createdAt, layer } of entries) {
      const made = layer === null ? null : { diffId: layer.diffId, size: layer.size };
      if (layer !== null) await copyFile(await layers.tarOf(layer), blobIn(fresh, layer.diffId));
      records.push({ key, parts, text, kind, createdAt, layer: made });
    }
    const { blobs, index } = documentsOf(records);
    for (const blob of blobs) await writeFile(blobIn(fresh, digestOf(blob)), blob);
    await writeFile(join(fresh, "index.json"), index);
    await writeFile(join(fresh, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
    const old = `${fresh}.old`;
    if (existsSync(folder)) await rename(folder, old);
    await rename(fresh, folder);
    await rm(old, { recursive: true, force: true });
  } catch (cause) {
    await rm(fresh, { recursive: true, force: true }).catch(() => {});
    if (cause instanceof InroError) throw cause;
    const what = "cannot export the build cache";
    throw diskFull(cause, { what, folder }) ?? failed(reasonOf(cause), cause);
  }
}
