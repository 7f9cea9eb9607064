/** One build, from its request to its image. */

import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { Image, Stack } from "../image/images.ts";
import type { Digest } from "../oci/digest.ts";
import { reasonOf } from "../oci/error.ts";
import { familiarName } from "../oci/reference.ts";
import { assemble } from "./assemble.ts";
import { bringBase } from "./bring.ts";
import type { BuilderParts } from "./builder.ts";
import { exportCache } from "./cache/export.ts";
import { openImports } from "./cache/import.ts";
import type { CacheMounts } from "./cache/mounts.ts";
import { baseImage, checked, hereOf, warn } from "./check.ts";
import type { FileDigests } from "./copy/file-digests.ts";
import type { BaseImage } from "./dockerfile/checks/check.ts";
import { parseDockerfile } from "./dockerfile/parse.ts";
import { type WatchedTelling, watched } from "./failure.ts";
import { convert } from "./graph/convert.ts";
import { chainOf } from "./graph/graph.ts";
import type { ChangingNode, Node, NodeMount } from "./graph/node.ts";
import type { BuildAbout, History } from "./history/history.ts";
import type { Tell } from "./progress.ts";
import type { BuildRequest } from "./request.ts";
import type { Shells } from "./shells.ts";
import { copyWork } from "./solve/copy.ts";
import { folderWork } from "./solve/folder.ts";
import { prepareMounts } from "./solve/mounts.ts";
import { type RunParts, runWork } from "./solve/run.ts";
import type { Solver, Work } from "./solve/solve.ts";
import { openSources, type Sources } from "./solve/sources.ts";

const IMPORT_WARNING = { rule: "CacheImport", url: "" };

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

/** What every build works with. */
export interface Whole extends BuilderParts {
  readonly solver: Solver;
  readonly cacheMounts: CacheMounts;
  readonly digests: FileDigests;
  readonly history: History;
  readonly shells: Shells;
}

export async function build(
  whole: Whole,
  request: BuildRequest,
  told: Tell,
  outer: AbortSignal,
  use: (key: Digest) => void,
): Promise<Image | null> {
  const id = randomBytes(8).toString("hex");
  const recording = request.isCheck ? null : whole.history.begin({ id, ...aboutOf(request) });
  const telling = watched((event) => {
    recording?.tell(event);
    told(event);
  });
  try {
    if (recording !== null) telling.tell({ type: "build", id });
    const image = await made(whole, request, { id, telling, outer, use });
    recording?.end({ state: "done", image: image?.id ?? "", error: "" });
    return image;
  } catch (cause) {
    if (!outer.aborted) telling.failed(cause);
    const error = reasonOf(cause);
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
    telling,
    outer,
    use,
  }: {
    readonly id: string;
    readonly telling: WatchedTelling;
    readonly outer: AbortSignal;
    /** Told of every record of the cache that it stands on. */
    readonly use: (key: Digest) => void;
  },
): Promise<Image | null> {
  const { tell } = telling;
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
  telling.read(file.source);
  if (request.isCheck) {
    tell(checked(file, request, await sources.ignore(), (reference) => hereOf(images, reference)));
    return null;
  }
  const bases = new Map<string, BaseImage>();
  const graph = await convert(file, {
    ...{ target: request.target, args: request.args, platform: request.platform },
    contexts: new Set([...request.contexts].flatMap(([name, { kind }]) => (kind === "image" ? [] : name))),
    entitlements: request.entitlements,
    async base(reference, platform, step) {
      const named = request.contexts.get(reference);
      const meant = named?.kind === "image" ? named.reference : reference;
      const base = await bringBase(images, meant, { platform, step, request, tell, signal });
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
    ...{ tell, signal, bring: imports.bring, kept: chainOf(graph.target.node) },
    use(key) {
      used.add(key);
      use(key);
    },
    apart: request.holdsFailed ? ` held ${id}` : "",
    isUncached: ({ step }) =>
      typeof request.noCache === "boolean" ? request.noCache : request.noCache.includes(step.stage),
    prepare: (node, below, solve) =>
      prepare(whole, { id, request, sources, signal, memory }, node, below, solve),
  });
  try {
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
