/** Failed steps that are held, one a build, so that somebody can look at what they left from within. */
import type { WindowSize } from "../engine/engine.ts";
import type { RunningStep } from "../engine/steps/steps.ts";
import { InroError } from "../oci/error.ts";

type Start = (size: WindowSize | null) => Promise<RunningStep>;

export interface Shells {
  /** Until the shell has ended, nobody came for it in time, or the build is given up. */
  hold(build: string, start: Start, signal: AbortSignal): Promise<void>;
  /** A terminal in the step's files, once for each build; without a client it ends. NO_SUCH_SHELL, and what starting throws. */
  open(build: string, size: WindowSize | null, signal: AbortSignal): Promise<RunningStep>;
  /** NO_SUCH_SHELL */
  resize(build: string, size: WindowSize): Promise<void>;
}

interface Held {
  readonly start: Start;
  readonly release: () => void;
  /** Null: nobody has come yet. */
  shell: Promise<RunningStep> | null;
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
      const one: Held = { start, release, shell: null };
      held.set(build, one);
      const late = setTimeout(() => one.shell === null && release(), PATIENCE);
      signal.addEventListener("abort", release, { once: true });
      if (signal.aborted) release();
      try {
        await over;
      } finally {
        clearTimeout(late);
        signal.removeEventListener("abort", release);
        held.delete(build);
        // It may be on its way still: the step goes after it.
        const running = await one.shell?.catch(() => null);
        await running?.kill().catch(() => {});
        await running?.ended.catch(() => {});
      }
    },
    async open(build, size, signal) {
      const one = find(build);
      if (one.shell !== null)
        throw new InroError("NO_SUCH_SHELL", {
          ...{ what: `cannot open a shell in the build "${build}"`, why: "its shell is somebody's already" },
        });
      one.shell = one.start(size);
      try {
        const running = await one.shell;
        const kill = () => void running.kill().catch(() => {});
        running.stream.once("close", kill);
        signal.addEventListener("abort", kill, { once: true });
        if (signal.aborted) kill();
        void running.ended.catch(() => {}).then(one.release);
        return running;
      } catch (cause) {
        one.release();
        throw cause;
      }
    },
    resize: async (build, size) => await (await find(build).shell)?.resize(size),
  };
}
