import type { Slot } from "../../kernel/plan/field.ts";
import type { CompileInput, Draft } from "./context.ts";
import { isLabelled, labelOps, privateProcOp } from "./labels.ts";
import { ownSysctlPath, sysctlPointer } from "./sysctl.ts";

/**
 * Sysctls, the OOM score and the labels of security modules, written through a procfs that we mounted ourselves (R4): the
 * container's own, or one that is attached nowhere.
 */
export function compileProcWrites(draft: Draft, input: CompileInput, mounted: Slot | undefined): void {
  const { spec, becauseOf } = input;
  const sysctls = Object.entries(spec.linux?.sysctl ?? {});
  const { process } = spec;
  const score = process?.oomScoreAdj;
  const labelled = process !== undefined && isLabelled(process);
  if (sysctls.length === 0 && score === undefined && !labelled) return;
  const proc = mounted ?? privateProc(draft);
  const { build } = draft.plan;
  for (const [name, data] of sysctls) {
    const because = becauseOf(sysctlPointer(name));
    const path = `sys/${ownSysctlPath(name, spec)}`;
    build.push({ kind: "writeProc", proc, path, data, optional: false, because });
  }
  if (score !== undefined) {
    const because = becauseOf("/process/oomScoreAdj");
    const path = "self/oom_score_adj";
    build.push({ kind: "writeProc", proc, path, data: String(score), optional: false, because });
  }
  if (labelled) build.push(...labelOps(process, proc, becauseOf));
}

export function privateProc(draft: Draft): Slot {
  const out = draft.newSlot();
  draft.plan.build.push(privateProcOp(out, "default"));
  return out;
}
