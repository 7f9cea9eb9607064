/** Failed steps that are held, one a build, so that somebody can look at what they left from within. */
import type { WindowSize } from "../engine/engine.ts";
import type { RunningStep } from "../engine/steps/steps.ts";
import { InroError } from "../oci/error.ts";

type Start = (size: WindowSize | null) => Promise<RunningStep>;

export interface Shells {
  /** Until the shell has ended, nobody came for it in time, or the build is given up. */
  hold(build: string, start: Start, signal: AbortSignal): Promise<void>;
  /** A terminal in the step's files, once for each build; without a client it ends. NO_SUCH_SHELL, and what starting throws. */
  open(build: string, size: WindowSize | null): Promise<RunningStep>;
  /** NO_SUCH_SHELL */
  resize(build: string, size: WindowSize): Promise<void>;
}

interface Held {
  readonly start: Start;
  readonly release: () => void;
  running: RunningStep | null;
  isTaken: boolean;
}

/** Milliseconds that a step is held for somebody to come. */
const PATIENCE = 60_000;

export function openShells(): Shells {
  const held = new Map<string, Held>();
  const find = (build: string): Held => {
    const found = held.get(build);
    if (found !== undefined) return found;
    throw new InroError("NO_SUCH_SHELL", {
      what: `cannot open a shell in the build "${build}"`,
      why: "it holds no failed step",
      hint: "build with --on-error=shell",
    });
  };
  return {
    async hold(build, start, signal) {
      const { promise: over, resolve } = Promise.withResolvers<void>();
      const release = () => resolve();
      const one: Held = { start, release, running: null, isTaken: false };
      held.set(build, one);
      const late = setTimeout(() => !one.isTaken && release(), PATIENCE);
      signal.addEventListener("abort", release, { once: true });
      if (signal.aborted) release();
      try {
        await over;
      } finally {
        clearTimeout(late);
        signal.removeEventListener("abort", release);
        held.delete(build);
      }
    },
    async open(build, size) {
      const one = find(build);
      if (one.isTaken)
        throw new InroError("NO_SUCH_SHELL", {
          ...{ what: `cannot open a shell in the build "${build}"`, why: "its shell is somebody's already" },
        });
      one.isTaken = true;
      try {
        const running = await one.start(size);
        one.running = running;
        running.stream.once("close", () => void running.kill().catch(() => {}));
        void running.ended.catch(() => {}).then(one.release);
        return running;
      } catch (cause) {
        one.release();
        throw cause;
      }
    },
    resize: async (build, size) => await find(build).running?.resize(size),
  };
}
