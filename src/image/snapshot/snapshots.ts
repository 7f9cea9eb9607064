/**
 * Unpacked layers: `<chain ID>/fs` in the driver's folder, shared by all images and containers that stand on them.
 *
 * A snapshot appears by rename when its diffID was verified. Its files are not waited for on their way to the disk,
 * which would double the time of a pull; instead `unsynced` names the boot it was made in until the file system was
 * synced, and a snapshot that says another boot is swept at open and unpacked again from its blob, which is durable.
 */
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { chmod, mkdir, readdir, readFile, rename, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Digest, hexOf, parseDigest } from "../../oci/digest.ts";
import { bootId } from "../../platform/boot-id.ts";
import { diskFull } from "../../platform/disk-full.ts";
import { endOf } from "../end-of.ts";
import { syncIn } from "../tree/sync.ts";
import { removeTree } from "../tree/whole.ts";
import type { Driver } from "./driver.ts";
import { type UnpackRequest, unpackLayer } from "./unpack.ts";

export interface Snapshots {
  /** Where they lie: one folder for each driver. */
  readonly folder: string;
  has(chainId: Digest): boolean;
  /** The folder of the layer's files, absolute. */
  folderOf(chainId: Digest): string;
  /** Bytes of the layer's files. */
  sizeOf(chainId: Digest): number | undefined;
  /** Unpacks unless it is there; requests for one chain ID share the work. The source is read only by the first. */
  unpack(request: UnpackRequest): Promise<void>;
  /** Takes a folder that what a container wrote lies in, or its whole root, as the layer that it became. */
  adopt(
    chainId: Digest,
    layer: { readonly diffId: Digest; readonly size: number },
    folder: string,
  ): Promise<void>;
  list(): Promise<Digest[]>;
  remove(chainId: Digest): Promise<void>;
  /** Puts on disk what was unpacked. */
  sync(): Promise<void>;
}

function readSize(path: string): number | undefined {
  try {
    const { size } = JSON.parse(readFileSync(path, "utf8")) as { size: unknown };
    return typeof size === "number" ? size : undefined;
  } catch {
    return undefined;
  }
}

async function sweep(native: string, folder: string): Promise<Set<Digest>> {
  const unsynced = new Set<Digest>();
  const boot = bootId();
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const made = await readFile(join(path, "unsynced"), "utf8").catch(() => undefined);
    if (name.startsWith(".tmp-") || (made !== undefined && made !== boot)) {
      await discard(native, folder, path);
    } else if (made !== undefined) unsynced.add(parseDigest(`sha256:${name}`));
  }
  return unsynced;
}

// By rename first: a snapshot that is being removed is no snapshot.
async function discard(native: string, folder: string, path: string): Promise<void> {
  const gone = join(folder, `.tmp-${randomBytes(8).toString("hex")}`);
  await rename(path, gone).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
  });
  await removeTree(native, gone);
}

/** Opens the snapshots of a data root; what a process that died, or a power cut, left half is swept. */
export async function openSnapshots(root: string, native: string, driver: Driver): Promise<Snapshots> {
  const folder = join(root, driver.layersName);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700);
  const unsynced = await sweep(native, folder);
  const running = new Map<Digest, Promise<void>>();
  const sizes = new Map<Digest, number>();
  const pathOf = (chainId: Digest) => join(folder, hexOf(chainId));
  const folderOf = (chainId: Digest) => join(pathOf(chainId), "fs");
  const has = (chainId: Digest) => existsSync(folderOf(chainId));

  const complete = async (fresh: string, { below: [below], belowReady, digest }: UnpackRequest) => {
    const ready = async () => {
      if (below === undefined) return undefined;
      await belowReady();
      return folderOf(below);
    };
    await driver.complete(fresh, ready).catch((error: unknown) => {
      throw diskFull(error, { what: `cannot unpack layer ${digest}`, folder }) ?? error;
    });
  };

  const appear = async (fresh: string, chainId: Digest, layer: { diffId: Digest; size?: number }) => {
    await writeFile(join(fresh, "layer.json"), JSON.stringify(layer));
    await writeFile(join(fresh, "unsynced"), bootId());
    await rename(fresh, pathOf(chainId));
    unsynced.add(chainId);
  };

  const unpack = async (r: UnpackRequest) => {
    const fresh = join(folder, `.tmp-${randomBytes(8).toString("hex")}`);
    await mkdir(fresh, { mode: 0o700 });
    try {
      await mkdir(join(fresh, "fs"));
      await chmod(join(fresh, "fs"), 0o755);
      const layer = await unpackLayer(native, join(fresh, "fs"), r, r.below.map(folderOf));
      await complete(fresh, r);
      await appear(fresh, r.chainId, { diffId: r.diffId, ...layer });
    } catch (error) {
      await removeTree(native, fresh);
      throw error;
    }
  };

  return {
    folder,
    has,
    folderOf,
    sizeOf(chainId) {
      const size = sizes.get(chainId) ?? readSize(join(pathOf(chainId), "layer.json"));
      if (size !== undefined) sizes.set(chainId, size);
      return size;
    },
    async unpack(request) {
      const { chainId, signal } = request;
      // What another could not unpack, this request's own source may.
      for (let other = running.get(chainId); other !== undefined; other = running.get(chainId)) {
        await endOf(other, signal);
      }
      if (has(chainId)) return;
      const work = unpack(request).finally(() => running.delete(chainId));
      running.set(chainId, work);
      await work;
    },
    async adopt(chainId, layer, written) {
      const fresh = join(folder, `.tmp-${randomBytes(8).toString("hex")}`);
      await mkdir(fresh, { mode: 0o700 });
      try {
        await rename(written, join(fresh, "fs"));
        await appear(fresh, chainId, layer);
      } catch (error) {
        await removeTree(native, fresh);
        // Two that wrote the same: either will do.
        if (!has(chainId)) throw error;
      }
    },
    async list() {
      const names = await readdir(folder);
      return names.filter((name) => /^[0-9a-f]{64}$/.test(name)).map((name) => parseDigest(`sha256:${name}`));
    },
    async remove(chainId) {
      unsynced.delete(chainId);
      sizes.delete(chainId);
      await discard(native, folder, pathOf(chainId));
    },
    async sync() {
      const due = [...unsynced];
      if (due.length === 0) return;
      await syncIn(native, folder);
      for (const chainId of due) {
        if (!unsynced.delete(chainId)) continue;
        await unlink(join(pathOf(chainId), "unsynced")).catch(() => {});
      }
    },
  };
}
