import type { Slot } from "../../kernel/plan/field.ts";
import { beneath, type CompileInput, type Draft } from "./context.ts";

/** Read-only paths, then masked paths (SECURITY.md, order law 2), covered from the host's /dev/null (R2). */
export function compilePaths(draft: Draft, { spec, becauseOf }: CompileInput, root: Slot): void {
  const { readonlyPaths = [], maskedPaths = [] } = spec.linux ?? {};
  for (const [index, path] of readonlyPaths.entries()) {
    const because = becauseOf(`/linux/readonlyPaths/${index}`);
    draft.plan.build.push({ kind: "readonlyPath", root, path: beneath(path), because });
  }
  if (maskedPaths.length === 0) return;
  const out = draft.newSlot();
  const because = becauseOf("/linux/maskedPaths");
  draft.plan.build.push({ kind: "openPath", out, path: "/dev/null", use: "any", because });
  for (const [index, path] of maskedPaths.entries()) {
    const why = becauseOf(`/linux/maskedPaths/${index}`);
    draft.plan.build.push({ kind: "mask", root, path: beneath(path), null: out, because: why });
  }
}
