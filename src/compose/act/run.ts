import type { Step } from "../converge/step.ts";
import { doStep, failedContainer } from "./do.ts";
import { type Feed, openFeed } from "./feed.ts";
import type { Hands, Tell } from "./hands.ts";
import { lastLines } from "./logs.ts";

export interface RunOptions {
  /** Steps at a time; undefined: all that can. */
  readonly parallel?: number;
  /** Ends it: what has begun at the engine is finished, so that nothing is half made; nothing else begins. */
  readonly signal?: AbortSignal;
  readonly tell: Tell;
}

/** What one run of steps shares. */
export interface Running {
  readonly hands: Hands;
  readonly feed: Feed;
  /** Aborted after the first failure, too: whatever only waits need not. */
  readonly signal: AbortSignal;
  readonly warn: (text: string) => void;
}

/**
 * Does each step as soon as all that it comes after are done. The first failure is thrown once what has begun is
 * finished; what has not begun by then never does.
 */
export async function runSteps(hands: Hands, steps: readonly Step[], options: RunOptions): Promise<void> {
  const { parallel = Number.POSITIVE_INFINITY, tell } = options;
  const ending = new AbortController();
  const signal = AbortSignal.any([ending.signal, ...(options.signal === undefined ? [] : [options.signal])]);
  await using feed = openFeed(hands, signal);
  const running: Running = { hands, feed, signal, warn: (text) => tell({ kind: "warning", text }) };
  const waiting = new Set(steps);
  const done = new Set<string>();
  const active = new Map<string, Promise<void>>();
  let failure: { readonly error: unknown } | undefined;

  const perform = async (step: Step): Promise<void> => {
    tell({ kind: "started", step });
    try {
      const skipped = await doStep(running, step, tell);
      done.add(step.id);
      tell({ kind: skipped ? "skipped" : "done", step });
    } catch (error) {
      const isFirst = failure === undefined && !signal.aborted;
      failure ??= { error };
      ending.abort(error);
      if (!isFirst) return;
      const container = failedContainer(step, error);
      const logs = container === undefined ? [] : await lastLines(hands.client, container);
      tell({ kind: "failed", step, error, ...(logs.length === 0 ? {} : { logs }) });
    } finally {
      active.delete(step.id);
    }
  };

  for (;;) {
    for (const step of waiting) {
      if (signal.aborted || active.size >= parallel) break;
      if (!step.after.every((id) => done.has(id))) continue;
      waiting.delete(step);
      active.set(step.id, perform(step));
    }
    if (active.size === 0) break;
    await Promise.race(active.values());
  }
  options.signal?.throwIfAborted();
  if (failure !== undefined) throw failure.error;
}
