/** The builder: a request becomes a graph, the graph trees of files, and the target's tree an image. */
import { randomBytes } from "node:crypto";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import type { EngineImages } from "../engine/images.ts";
import type { Steps } from "../engine/steps/steps.ts";
import type { Image, Stack } from "../image/images.ts";
import type { Tree as Trees } from "../image/tree/tree.ts";
import type { Digest } from "../oci/digest.ts";
import { familiarName } from "../oci/reference.ts";
import { assemble } from "./assemble.ts";
import { bringBase } from "./bring.ts";
import type { Cache } from "./cache/cache.ts";
import { exportCache } from "./cache/export.ts";
import { openImports } from "./cache/import.ts";
import { type CacheMounts, openCacheMounts } from "./cache/mounts.ts";
import { openStock, type Stock } from "./cache/stock.ts";
import { newUses } from "./cache/uses.ts";
import { baseImage, checked, hereOf, warn } from "./check.ts";
import type { FileDigests } from "./copy/file-digests.ts";
import { openFileDigests } from "./copy/open-file-digests.ts";
import type { BaseImage } from "./dockerfile/checks/check.ts";
import type { Source } from "./dockerfile/location.ts";
import { parseDockerfile } from "./dockerfile/parse.ts";
import { watched } from "./failure.ts";
import { filesIn } from "./files.ts";
import { convert } from "./graph/convert.ts";
import { chainOf } from "./graph/graph.ts";
import type { Node, NodeMount } from "./graph/node.ts";
import { type BuildAbout, type History, openHistory } from "./history/history.ts";
import type { Tell } from "./progress.ts";
import type { BuildRequest } from "./request.ts";
import { openShells, type Shells } from "./shells.ts";
import { copyWork } from "./solve/copy.ts";
import { folderWork } from "./solve/folder.ts";
import { prepareMounts } from "./solve/mounts.ts";
import { type RunParts, runWork } from "./solve/run.ts";
import { type ChangingNode, openSolver, type Solver, type Work } from "./solve/solve.ts";
import { openSources, type Sources } from "./solve/sources.ts";

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

interface Whole extends BuilderParts {
  readonly solver: Solver;
  readonly cacheMounts: CacheMounts;
  readonly digests: FileDigests;
  readonly history: History;
  readonly shells: Shells;
}

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
  return {
    ...{ stock, history, shells },
    async build(request, tell, signal) {
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
    },
    files: (image) => filesIn(image, "/", aside),
    async close() {
      await tidying;
      digests[Symbol.dispose]();
      parts.cache.close();
    },
  };
}

function aboutOf({ context, dockerfile, target, names }: BuildRequest): Omit<BuildAbout, "id"> {
  return {
    dockerfile: "path" in dockerfile ? dockerfile.path : dockerfile.name,
    context:
      context.kind === "folder" ? context.path : context.kind === "url" ? withoutSecrets(context.url) : "",
    ...{ target, names: names.map(familiarName) },
  };
}

/** What a URL may bear for whoever answers there alone. */
const withoutSecrets = (url: string): string => url.replace(/^(\w+:\/\/)[^/@]*@/, "$1");

const IMPORT_WARNING = { rule: "CacheImport", detail: "", url: "", location: undefined };

/** Milliseconds that something found out is kept for without being asked for. */
const FACTS_LAST = 30 * 24 * 3_600_000;

async function build(
  whole: Whole,
  request: BuildRequest,
  told: Tell,
  outer: AbortSignal,
  use: (key: Digest) => void,
): Promise<Image | null> {
  const id = randomBytes(8).toString("hex");
  const recording = request.isCheck ? null : whole.history.begin({ id, ...aboutOf(request) });
  const { tell, failed } = watched((event) => {
    recording?.tell(event);
    told(event);
  });
  let source: Source | undefined;
  try {
    const read = (of: Source) => {
      source = of;
    };
    if (recording !== null) tell({ type: "build", id });
    const image = await made(whole, request, { id, tell, outer, read, use });
    recording?.end({ state: "done", image: image?.id ?? "", error: "" });
    return image;
  } catch (cause) {
    if (!outer.aborted) failed(cause, source);
    const error = cause instanceof Error ? cause.message : String(cause);
    recording?.end(
      outer.aborted ? { state: "canceled", image: "", error: "" } : { state: "failed", image: "", error },
    );
    throw cause;
  }
}

async function made(
  whole: Whole,
  request: BuildRequest,
  {
    id,
    tell,
    outer,
    read,
    use,
  }: {
    readonly id: string;
    readonly tell: Tell;
    readonly outer: AbortSignal;
    readonly read: (source: Source) => void;
    /** Told of every record of the cache that it stands on. */
    readonly use: (key: Digest) => void;
  },
): Promise<Image | null> {
  const { folder, execFolder, native, images, trees } = whole;
  const memory = join(execFolder, id);
  // What fails in one place ends what goes on in the others.
  const controller = new AbortController();
  const signal = AbortSignal.any([outer, controller.signal]);
  await using sources = openSources({
    ...{ native, trees, layers: images.layers, request, signal, digests: whole.digests },
    folder: join(folder, "tmp", id),
  });
  const { name, text } = await sources.dockerfile();
  const file = parseDockerfile(text, name);
  read(file.source);
  if (request.isCheck) {
    tell(checked(file, request, await sources.ignore(), (reference) => hereOf(images, reference)));
    return null;
  }
  const bases = new Map<string, BaseImage>();
  const graph = await convert(file, {
    ...{ target: request.target, args: request.args, platform: request.platform },
    contexts: new Set(request.contexts.keys()),
    entitlements: request.entitlements,
    async base(reference, platform, step) {
      const base = await bringBase(images, reference, { platform, step, request, tell, signal });
      bases.set(reference, baseImage(base.config));
      return base;
    },
  });
  warn(file, request, await sources.ignore(), (reference) => bases.get(reference), tell);
  tell({ type: "graph", steps: graph.steps });
  const imports = openImports({
    ...{ folders: request.cacheFrom, cache: whole.cache, layers: images.layers },
    warn: (message) => tell({ type: "warning", warning: { ...IMPORT_WARNING, message } }),
  });
  const used = new Set<Digest>();
  const solving = whole.solver.begin({
    bring: imports.bring,
    ...{
      tell,
      signal,
      use: (key: Digest) => {
        used.add(key);
        use(key);
      },
      kept: chainOf(graph.target.node),
      apart: request.holdsFailed ? ` held ${id}` : "",
    },
    isUncached: ({ step }) =>
      typeof request.noCache === "boolean" ? request.noCache : request.noCache.includes(step.stage),
    prepare: (node, below, solve) =>
      prepare(whole, { id, request, sources, signal, memory }, node, below, solve),
  });
  try {
    await solving.solve(graph.target.node);
    const image = await assemble(images, graph.target, request, solving, tell);
    const stoodOn = request.cacheTo.length === 0 ? [] : whole.cache.list().filter(({ key }) => used.has(key));
    for (const to of request.cacheTo) await exportCache(to, stoodOn, images.layers);
    return image;
  } catch (cause) {
    controller.abort(cause);
    throw outer.aborted ? outer.reason : cause;
  } finally {
    await solving.settled();
    rmSync(memory, { recursive: true, force: true });
  }
}

/** How a node is made, once what is below it is there. */
async function prepare(
  whole: Whole,
  o: {
    readonly id: string;
    readonly request: BuildRequest;
    readonly sources: Sources;
    readonly signal: AbortSignal;
    readonly memory: string;
  },
  node: ChangingNode,
  below: Stack,
  solve: (node: Node) => Promise<Stack>,
): Promise<Work> {
  const { native, steps, cache, cacheMounts: caches } = whole;
  const { layers } = whole.images;
  const { request, sources, signal, memory } = o;
  const { timestamp } = request;
  switch (node.op) {
    case "run": {
      const shown = (mount: NodeMount) => sources.shown(mount, solve);
      const mounts = await prepareMounts(node, below, { steps, layers, caches, memory, request, shown });
      const hold: RunParts["hold"] = request.holdsFailed
        ? (start, stop) => whole.shells.hold(o.id, start, stop)
        : null;
      return runWork(node, below, { steps, layers, request, mounts, hold });
    }
    case "copy":
      return copyWork(node, below, {
        ...{ native, layers, cache, timestamp, signal },
        source: (source) => sources.source(source, node, solve),
        identity: (source) => sources.identity(source),
        stackOf: (source) => sources.stackOf(source, solve),
      });
    case "folder":
      return folderWork(node, below, { layers, timestamp });
  }
}
