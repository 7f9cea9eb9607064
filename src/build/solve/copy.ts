/** COPY and ADD: what is copied is a layer as it is read. */
import type { Stack } from "../../image/images.ts";
import type { LayerStore } from "../../image/layer-store.ts";
import { topOf } from "../../image/stack.ts";
import type { Digest } from "../../oci/digest.ts";
import { type Cache, keyOf } from "../cache/cache.ts";
import { prepareCopy, readsBelow } from "../copy/prepare.ts";
import type { CopySource, PreparedCopy } from "../copy/request.ts";
import { excludePatterns, ignoreOf } from "../dockerfile/ignore.ts";
import type { CopyNode, NodeSource } from "../graph/node.ts";
import type { Work } from "./solve.ts";

export interface CopyParts {
  readonly native: string;
  readonly layers: LayerStore;
  readonly cache: Cache;
  /** Seconds since 1970. */
  readonly timestamp: number | null;
  readonly signal: AbortSignal;
  /** What a source stands for now; for a stage's, only its stack is asked for at first. */
  source(source: NodeSource, node: CopyNode): Promise<CopySource>;
  /** What stands for that which is behind a URL; undefined where only fetching it tells. */
  identity(source: Extract<NodeSource, { kind: "url" }>): Promise<string | undefined>;
  /** The stack of a source that stays as it is; undefined for all others. */
  stackOf(source: NodeSource): Promise<Stack | undefined>;
}

export async function copyWork(node: CopyNode, below: Stack, parts: CopyParts): Promise<Work> {
  const { layers, timestamp } = parts;
  const reads = readsBelow(node);
  let preparing: Promise<PreparedCopy> | undefined;
  const prepared = () => {
    preparing ??= prepare(node, parts);
    return preparing;
  };
  return {
    parts: {
      files: await digestOf(node, parts, prepared),
      destination: node.destination,
      timestamp,
      // What is below is not looked at, so that it may be another.
      ...(reads ? {} : { below: "" }),
    },
    async make() {
      const copy = await prepared();
      const folders = reads ? await layers.folders(below) : [];
      const stack = await layers.store(copy.layer(folders), below);
      return { stack, isSound: await copy.verify() };
    },
  };
}

async function prepare(node: CopyNode, parts: CopyParts): Promise<PreparedCopy> {
  const { destination, owner, chmod, parents, exclude, link } = node;
  const sources = await Promise.all(node.sources.map((source) => parts.source(source, node)));
  const seconds = parts.timestamp ?? Math.floor(Date.now() / 1000);
  return prepareCopy(
    parts.native,
    {
      ...{ sources, destination, owner, chmod, parents, link, time: { seconds, nanoseconds: 0 } },
      latest: parts.timestamp,
      exclude: exclude.length === 0 ? null : ignoreOf(excludePatterns(exclude)),
    },
    parts.signal,
  );
}

/** Over what is copied. Of stages it is known without a look, once it was found out. */
async function digestOf(
  { sources, step: _, below: __, ...how }: CopyNode,
  parts: CopyParts,
  prepared: () => Promise<PreparedCopy>,
): Promise<Digest> {
  const stacks = await Promise.all(sources.map((source) => parts.stackOf(source)));
  const fixed = await Promise.all(
    sources.map(async (source, i) => {
      if (source.kind === "inline") return source;
      if (source.kind === "url") {
        const identity = await parts.identity(source);
        return identity === undefined ? undefined : { ...source, identity };
      }
      const stack = stacks[i];
      return stack === undefined ? undefined : { stack: topOf(stack), paths: source.paths };
    }),
  );
  if (fixed.includes(undefined)) return (await prepared()).digest;
  const key = keyOf({ ...how, fixed });
  const known = parts.cache.fact(key);
  if (known !== undefined) return known;
  const { digest } = await prepared();
  parts.cache.learn(key, digest);
  return digest;
}
