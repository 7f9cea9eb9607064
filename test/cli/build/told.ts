/** What an engine tells of builds, for tests of what shows it. */
import type { BuildLineOf } from "../../../src/oci/build-line.ts";

export const started = (step: number, at: number, place: string, text: string): BuildLineOf<"started"> => ({
  ...{ type: "started", step, at, place, text },
});

export const output = (step: number, at: number, text: string): BuildLineOf<"output"> => ({
  ...{ type: "output", step, at, stream: "stdout", text },
});

export const graph = (
  ...steps: readonly (readonly [place: string, text: string])[]
): BuildLineOf<"graph"> => ({
  ...{ type: "graph", at: 0 },
  steps: steps.map(([place, text], number) => ({ number, place, text, kind: "run" })),
});

export const ended = (
  step: number,
  at: number,
  kind: "done" | "cached" | "canceled" = "done",
): BuildLineOf<"ended"> => ({
  ...{ type: "ended", step, at },
  outcome: kind === "canceled" ? { kind } : { kind, why: "so it was" },
});

export const image = (
  id: string,
  names: readonly string[],
  sizes: readonly (readonly [text: string, bytes: number])[],
  at: number,
): BuildLineOf<"image"> => ({
  ...{ type: "image", id, names, at },
  sizes: sizes.map(([text, bytes]) => ({ text, bytes })),
});

export const failed = (title: string | null, snippet: string): BuildLineOf<"failed"> => ({
  ...{ type: "failed", at: 0, step: 1, title, code: "BUILD_STEP_FAILED", exitCode: 3 },
  ...{ message: "it failed", snippet },
});
