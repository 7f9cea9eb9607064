import { createHash } from "node:crypto";
import { statfsSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Builder, openBuilder } from "../build/builder.ts";
import { openCache } from "../build/cache/cache.ts";
import { CDI_FOLDERS } from "../engine/cdi/devices.ts";
import { imagesOf } from "../engine/core.ts";
import type { Engine } from "../engine/engine.ts";
import { openEngine, takeRoot } from "../engine/open.ts";
import { openImages } from "../image/open.ts";
import type { DriverName } from "../image/snapshot/driver.ts";
import { trees } from "../image/tree/tree.ts";
import { openExecutor } from "../kernel/executor/executor.ts";
import type { ForeignPolicy } from "../network/foreign/policy.ts";
import { type DefaultNetworkRequest, openNetworks } from "../network/network.ts";
import { Undo } from "../oci/undo.ts";
import { openRuntime } from "../runtime/open.ts";
import { helloProgram, hold, nativeProgram } from "./programs.ts";

export interface OpenOptions {
  /** The data root. */
  readonly root?: string;
  /** For what a reboot may lose. */
  readonly execRoot?: string;
  /** Where devices are described (CDI); /etc/cdi and /var/run/cdi. */
  readonly cdiFolders?: readonly string[];
  /** The file of mirrors and rewrites; none for none. REGISTRIES_INVALID. */
  readonly registries?: string;
  /** The policy of what may be pulled and run; none for none. */
  readonly trust?: string;
  /** How layers and containers' files are kept; the first that works in the data root. STORAGE_DRIVER_UNUSABLE */
  readonly storageDriver?: DriverName;
  /** What is done about chains of other firewalls that drop what containers send and get: `tell`, the default, or `allow`. */
  readonly foreignFirewalls?: ForeignPolicy;
  /** The host's address that ports are published on where neither the user nor the network names one; none for all. */
  readonly publishOn?: string;
  /** How the network `bridge` is; IPv4 alone, where nothing else is, unless it says so. */
  readonly defaultNetwork?: DefaultNetworkRequest;
  /** Bytes that the build cache may have after a build; 0: any number; a tenth of the disk, and 10 GB at least. */
  readonly buildCacheBytes?: number;
  /** Hears what went wrong where no caller waits for it. */
  readonly onFault?: (message: string) => void;
}

const DEFAULT_ROOT = "/var/lib/inro";

/**
 * An engine in this process: what the daemon serves, and what a program that imports Inro uses. ENGINE_RUNNING when
 * another process holds the data root, NO_ROOT.
 */
export async function openLocalEngine(
  options: OpenOptions = {},
): Promise<Engine & { readonly builder: Builder }> {
  const root = resolve(options.root ?? DEFAULT_ROOT);
  const execRoot = resolve(options.execRoot ?? "/run/inro");
  const onFault = options.onFault ?? ((message) => console.error(`inro: ${message}`));
  await using undo = new Undo();
  const { records, reserve } = takeRoot(root, execRoot);
  undo.add("close the records", () => records.close());
  const native = nativeProgram();
  const holder = await hold(native);
  undo.add("let go of the native program", () => holder.close());
  const cgroupParent = cgroupParentOf(root);
  const cache = openCache(join(root, "build"), reserve);
  undo.add("close the build cache", () => cache.close());
  const [images, runtime, networks] = await Promise.all([
    openImages({
      ...{ root, native, reserve, builtin: helloProgram() },
      needed: () => records.containers().flatMap(({ origin }) => imagesOf(origin)),
      kept: () => cache.kept(),
      driver: options.storageDriver,
      ...(options.registries === undefined ? {} : { registries: options.registries }),
      ...(options.trust === undefined ? {} : { trust: options.trust }),
    }),
    openRuntime({ execRoot, native }),
    openNetworks({
      ...{ root, openExecutor: () => openExecutor(native), tell: onFault },
      foreignFirewalls: options.foreignFirewalls ?? "tell",
      publishOn: options.publishOn ?? "",
      defaultNetwork: options.defaultNetwork ?? {},
    }),
  ]);
  undo.add("close the image store", () => images.close());
  undo.add("close the networks", () => networks.close());
  const engine = await openEngine({
    cdiFolders: options.cdiFolders ?? CDI_FOLDERS,
    ...{ root, execRoot, cgroupParent, records, images, runtime, networks, onFault },
    trees: trees(native),
  });
  undo.add("close the engine", () => engine.close());
  const builder = await openBuilder({
    ...{ folder: join(root, "build"), execFolder: join(execRoot, "build"), native, cache },
    ...{ images: engine.images, steps: engine.steps, trees: trees(native) },
    ...{ keptBytes: options.buildCacheBytes ?? cacheBound(root), onFault },
  });
  undo.release();
  return {
    ...engine,
    builder,
    close: async () => {
      await builder.close();
      await engine.close();
      await holder.close();
    },
  };
}

/** A tenth of the disk that the data root is on. */
function cacheBound(root: string): number {
  const { blocks, bsize } = statfsSync(root);
  return Math.max(Math.floor((blocks * bsize) / 10), 10e9);
}

/** Two engines on one machine have two parents, so that neither removes what is the other's. */
function cgroupParentOf(root: string): string {
  if (root === DEFAULT_ROOT) return "/inro";
  return `/inro-${createHash("sha256").update(root).digest("hex").slice(0, 8)}`;
}
