/** The builder: a request becomes a graph, the graph trees of files, and the target's tree an image. */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import type { EngineImages } from "../engine/images.ts";
import type { Steps } from "../engine/steps/steps.ts";
import type { Image } from "../image/images.ts";
import type { Tree as Trees } from "../image/tree/tree.ts";
import type { Cache } from "./cache/cache.ts";
import { openCacheMounts } from "./cache/mounts.ts";
import { openStock, type Stock } from "./cache/stock.ts";
import { newUses } from "./cache/uses.ts";
import { openFileDigests } from "./copy/open-file-digests.ts";
import { filesIn } from "./files.ts";
import { type History, openHistory } from "./history/history.ts";
import { build, type Whole } from "./one-build.ts";
import type { Tell } from "./progress.ts";
import type { BuildRequest } from "./request.ts";
import { openShells, type Shells } from "./shells.ts";
import { openSolver } from "./solve/solve.ts";

export interface Builder {
  /**
   * Builds an image; all that happens is told. Given up when the signal is aborted, and nothing is left of it but what steps
   * that had ended have made. Null where only a check was asked for. DOCKERFILE_INVALID, CHECKS_FAILED, BUILD_STEP_FAILED, and what pulling, copying and running throw.
   */
  build(request: BuildRequest, tell: Tell, signal: AbortSignal): Promise<Image | null>;
  /** An image's files, as a tar. */
  files(image: Image): Promise<Readable>;
  /** Into failed steps. */
  readonly shells: Shells;
  /** What builds have told. */
  readonly history: History;
  /** What it keeps for builds to come. */
  readonly stock: Stock;
  /** When nothing of it is under way any more. */
  close(): Promise<void>;
}

/** What a builder stands on. */
export interface BuilderParts {
  /** A folder of the builder's own below the data root. */
  readonly folder: string;
  /** For what a reboot may lose, and secrets that must not outlive it. */
  readonly execFolder: string;
  readonly native: string;
  readonly cache: Cache;
  readonly images: EngineImages;
  readonly steps: Steps;
  readonly trees: Trees;
  /** Bytes that the cache may have after a build; 0: any number. */
  readonly keptBytes: number;
  /** Hears what went wrong where no caller waits for it. */
  readonly onFault: (message: string) => void;
}

/** Milliseconds that something found out is kept for without being asked for. */
const FACTS_LAST = 30 * 24 * 3_600_000;

export async function openBuilder(parts: BuilderParts): Promise<Builder> {
  const { folder, images, trees } = parts;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // What a builder before this one had in hand.
  await trees.remove(join(folder, "tmp")).catch(() => {});
  // Secrets are in it.
  rmSync(parts.execFolder, { recursive: true, force: true });
  const aside = { images, trees, folder: join(folder, "tmp") };
  const cacheMounts = await openCacheMounts({
    folder: join(folder, "mounts"),
    discard: (path) => trees.remove(path),
    fill: async (target, stack, path) =>
      await trees.apply({ kind: "folder", path: target }, "/", await filesIn(stack, path, aside)),
  });
  const digests = openFileDigests(join(folder, "files.db"));
  const shells = openShells();
  const history = openHistory(join(folder, "history"));
  const solver = openSolver(images.layers, parts.cache);
  const whole: Whole = { ...parts, cacheMounts, digests, history, shells, solver };
  const uses = newUses();
  const stock = openStock({ folder, cache: parts.cache, mounts: cacheMounts, images, isUsed: uses.has });
  const tidy = async () => {
    parts.cache.forget(Date.now() - FACTS_LAST);
    // What a step was only shown, and what a build had made that failed, nothing leads to.
    await images.layers.sweep();
    if (parts.keptBytes === 0 || (await stock.atMost()) <= parts.keptBytes) return;
    const o = { fits: () => true, all: false, reserved: 0, free: 0, dryRun: false };
    await stock.prune({ ...o, most: parts.keptBytes });
  };
  let tidying: Promise<unknown> = Promise.resolve();
  const underWay = new Set<Promise<unknown>>();
  const buildOne = async (request: BuildRequest, tell: Tell, signal: AbortSignal) => {
    const release = await images.layers.hold();
    using own = uses.begin();
    try {
      return await build(whole, request, tell, signal, own.use);
    } finally {
      release();
      tidying = tidying
        .then(tidy)
        .catch((cause: unknown) => parts.onFault(`while bounding the build cache: ${cause}`));
    }
  };
  return {
    ...{ stock, history, shells },
    build(request, tell, signal) {
      const building = buildOne(request, tell, signal);
      const tracked = building.catch(() => {}).finally(() => underWay.delete(tracked));
      underWay.add(tracked);
      return building;
    },
    files: (image) => filesIn(image, "/", aside),
    async close() {
      await Promise.all(underWay);
      await tidying;
      digests[Symbol.dispose]();
      parts.cache.close();
    },
  };
}
