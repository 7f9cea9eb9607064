/**
 * Makes the trees of a graph: every node once, as soon as those are there that it needs, and not at all where the cache
 * has what it would make. What two builds want at the same time is made once.
 */
import { NO_LAYERS, type Stack, stackOn, topOf } from "../../image/images.ts";
import type { LayerStore } from "../../image/layer-store.ts";
import { plainLayer } from "../../image/make.ts";
import type { Digest } from "../../oci/digest.ts";
import { asStep } from "../as-step.ts";
import { type Cache, type CacheEntry, type KeyParts, keyOf } from "../cache/cache.ts";
import { type ChangingNode, inputsOf, type Node } from "../graph/node.ts";
import type { Tell } from "../progress.ts";
import { reasonFor } from "./explain.ts";
import { limiter } from "./limiter.ts";
import { SharedWork } from "./shared-work.ts";

/** What is told while one node is made. */
export type NodeEvent =
  | { readonly type: "output"; readonly stream: "stdout" | "stderr"; readonly data: Uint8Array }
  | {
      readonly type: "progress";
      readonly what: string;
      readonly current: number;
      readonly total: number | undefined;
    }
  | { readonly type: "held" };

/** What is known of a node once its inputs are there: its key, and how it is made. */
export interface Work {
  /** All that the result depends on, but for what is below. */
  readonly parts: KeyParts;
  /** The stack with what it wrote; `isSound`: it is what the parts say, and may be remembered. */
  make(o: MakeOptions): Promise<{ readonly stack: Stack; readonly isSound: boolean }>;
}

export interface MakeOptions {
  readonly tell: (event: NodeEvent) => void;
  readonly signal: AbortSignal;
  /** An image is to be made of it. */
  readonly isKept: boolean;
}

/** What a node is solved to. */
export interface Solved {
  readonly stack: Stack;
  /** When its last layer was made, by whichever build; milliseconds since 1970. */
  readonly createdAt: number;
}

export interface Solver {
  begin(build: SolvedBuild): Solving;
}

export interface Solving {
  solve(node: Node): Promise<Solved>;
  /** When nothing of it is under way any more. */
  settled(): Promise<void>;
}

/** One build's part in it. */
export interface SolvedBuild {
  readonly tell: Tell;
  readonly signal: AbortSignal;
  /** What an image is to be made of. */
  readonly kept: ReadonlySet<Node>;
  /** Shares work with those alone that say the same. */
  readonly apart: string;
  /** Steps that are to be made, whatever the cache has. */
  readonly isUncached: (node: ChangingNode) => boolean;
  /** Told of every record that it stands on: none of them goes while it is under way. */
  readonly use: (key: Digest) => void;
  /** Whether a record that is not in the cache has been brought into it from elsewhere. */
  bring(key: Digest, below: Stack): Promise<boolean>;
  /** How a node is made; `solved` are its inputs. */
  prepare(node: ChangingNode, below: Stack, solve: (node: Node) => Promise<Stack>): Promise<Work>;
}

/** What a node stands on. */
interface Below {
  readonly stack: Stack;
  /** Its layers are known to be here. */
  readonly isHere: boolean;
}

/** About what an event takes by itself. */
const EVENT_BYTES = 100;

/** Programs of steps that run at once. */
const MOST_AT_ONCE = 16;

export function openSolver(layers: LayerStore, cache: Cache): Solver {
  const shared = new SharedWork<NodeEvent, Solved>((event) =>
    event.type === "output" ? event.data.length + EVENT_BYTES : EVENT_BYTES,
  );
  const turn = limiter(MOST_AT_ONCE);

  /** What the cache has, upon what is below; undefined where it has nothing, or that is gone. */
  const cached = (key: Digest, { stack: below, isHere }: Below) => {
    const entry = cache.find(key);
    if (entry === undefined) return undefined;
    const { layer } = entry;
    const stack = layer === null ? below : stackOn(below, plainLayer(layer.diffId, layer.size));
    return layers.has(stack, isHere ? below : NO_LAYERS) ? { entry, stack } : undefined;
  };

  const brought = async (key: Digest, below: Below, build: SolvedBuild) =>
    (await build.bring(key, below.stack)) ? cached(key, below) : undefined;

  const remember = (
    node: ChangingNode,
    { key, parts }: Pick<CacheEntry, "key" | "parts">,
    { below, stack, createdAt }: Solved & { readonly below: Stack },
  ) => {
    const layer = stack === below ? undefined : stack.layers.at(-1);
    const chainId = topOf(stack);
    cache.put({
      ...{ key, parts, createdAt, text: node.step.text, kind: node.op },
      layer:
        layer === undefined || chainId === ""
          ? null
          : { diffId: layer.diffId, chainId, size: layer.size, bytes: layers.weigh(stack) },
    });
  };

  async function change(node: ChangingNode, build: SolvedBuild, solve: Solving["solve"]): Promise<Solved> {
    const { tell, signal } = build;
    // All at once: none waits for another's place in the file.
    await Promise.all(inputsOf(node).map(solve));
    const { stack: below } = await solve(node.below);
    signal.throwIfAborted();
    return asStep(node.step, build, async () => {
      const work = await build.prepare(node, below, async (input) => (await solve(input)).stack);
      const parts: KeyParts = { op: node.op, below: topOf(below), ...work.parts };
      const key = keyOf(parts);
      build.use(key);
      const uncached = build.isUncached(node);
      // What was solved was looked for then, and nothing goes while a build is under way.
      const base = { stack: below, isHere: node.below.op !== "base" };
      const known = uncached ? undefined : (cached(key, base) ?? (await brought(key, base, build)));
      if (known !== undefined) {
        const { createdAt } = known.entry;
        const why = `nothing has changed since it was made at ${new Date(createdAt).toISOString()}`;
        return { result: { stack: known.stack, createdAt }, outcome: { kind: "cached", why } };
      }
      const why = uncached
        ? "it was not to be taken from the cache (--no-cache)"
        : reasonFor(cache, node, parts);
      const make = (told: (event: NodeEvent) => void, stop: AbortSignal) =>
        turn(stop, async () => {
          const made = await work.make({ tell: told, signal: stop, isKept: build.kept.has(node) });
          const { stack } = made;
          const createdAt = Date.now();
          if (made.isSound) remember(node, { key, parts }, { below, stack, createdAt });
          return { stack, createdAt };
        });
      const result = await shared.run(
        `${key}${build.apart}`,
        make,
        (event) => tell({ ...event, step: node.step.number }),
        signal,
      );
      return { result, outcome: { kind: "done", why } };
    });
  }

  return {
    begin(build) {
      const memo = new Map<Node, Promise<Solved>>();
      const solve = (node: Node): Promise<Solved> => {
        const known = memo.get(node);
        if (known !== undefined) return known;
        const solving = node.op === "base" ? Promise.resolve(node) : change(node, build, solve);
        solving.catch(() => {});
        memo.set(node, solving);
        return solving;
      };
      return { solve, settled: async () => void (await Promise.allSettled(memo.values())) };
    },
  };
}
