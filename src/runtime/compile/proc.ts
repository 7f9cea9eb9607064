import type { Slot } from "../../kernel/plan/field.ts";
import type { CompileInput, Draft } from "./context.ts";
import { hasUserNamespace } from "./dev.ts";
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
  const score = hasUserNamespace(input) ? undefined : process?.oomScoreAdj;
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

/**
 * KERNEL.md, "Privilege": in a user namespace a process that others may not look into cannot write its own score. Its
 * parent does, before it goes on; or one without privilege sets its own before the clone, and that is inherited. A user
 * who may not lower it keeps what there is.
 */
export function compileScore(draft: Draft, { spec, facts, becauseOf }: CompileInput): void {
  const score = spec.process?.oomScoreAdj;
  if (score === undefined) return;
  const { host, map } = draft.plan;
  const proc = draft.newSlot();
  const because = becauseOf("/process/oomScoreAdj");
  const data = String(score);
  host.push({ kind: "openPath", out: proc, path: "/proc", use: "directory", because });
  if (facts.privilege === "none")
    host.push({ kind: "writeProc", proc, path: "self/oom_score_adj", data, optional: true, because });
  else
    map.push({
      kind: "writeProc",
      proc,
      path: "oom_score_adj",
      data,
      optional: facts.privilege !== "host",
      because,
    });
}

export function privateProc(draft: Draft): Slot {
  const out = draft.newSlot();
  draft.plan.build.push(privateProcOp(out, "default"));
  return out;
}
