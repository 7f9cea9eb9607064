import { ACTS, type Act } from "../act.ts";
import type { Op, OpOf } from "../operations.ts";
import type { Plan } from "../plan.ts";
import { isKind, type Law, type Violation } from "./law.ts";

type Phase = OpOf<"hook">["phase"];

/** Poststart hooks are called when the plan is done with: in a batch of their own. */
const ACT_OF: { readonly [P in Phase]: Act | undefined } = {
  prestart: "map",
  createRuntime: "map",
  createContainer: "build",
  startContainer: "become",
  poststart: undefined,
  poststop: "undo",
};

/** runtime.md, "Lifecycle". */
export const hookPlaceLaw: Law = {
  name: "hooks stand in the act of their phase, prestart before createRuntime, poststop at the end",
  check(plan) {
    const misplaced = ACTS.flatMap((act) =>
      plan[act]
        .filter(isKind("hook"))
        .flatMap((op) => (ACT_OF[op.phase] === act ? [] : [{ op, why: `it cannot stand in act ${act}` }])),
    );
    const runtime = plan.map.findIndex((op) => op.kind === "hook" && op.phase === "createRuntime");
    const late = plan.map
      .slice(Math.max(runtime, 0))
      .flatMap((op) =>
        runtime >= 0 && op.kind === "hook" && op.phase === "prestart"
          ? [{ op, why: "a createRuntime hook is called before it" }]
          : [],
      );
    const end = plan.undo.findIndex((op) => op.kind === "hook" || op.kind === "claim");
    const after = plan.undo
      .slice(end < 0 ? plan.undo.length : end + 1)
      .flatMap((op) => (op.kind === "hook" ? [] : [{ op, why: "poststop hooks are called before it" }]));
    return [...misplaced, ...late, ...after];
  },
};

const pointsOf = (ops: readonly Op[], kind: "release" | "await"): Set<number> =>
  new Set(ops.flatMap((op) => (op.kind === kind ? [op.point] : [])));

/** Where the built child waits for a hook of its parent's: from its release of `built` to its await; -1 if it does not. */
function waitsAt(plan: Plan, hook: number): number {
  const built = pointsOf(plan.map.slice(0, hook), "await");
  const told = plan.build.findIndex((op) => op.kind === "release" && built.has(op.point));
  const called = pointsOf(plan.map.slice(hook), "release");
  const at = plan.build.findIndex((op) => op.kind === "await" && called.has(op.point));
  return told >= 0 && at > told ? at : -1;
}

/** config.md, "Prestart", "CreateRuntime Hooks" and "CreateContainer Hooks". */
export const hookMomentLaw: Law = {
  name: "hooks of create are called when everything is mounted, before pivot, the runtime's first",
  check(plan) {
    const pivot = plan.build.findIndex(isKind("pivot"));
    let waited = -1;
    const outside = plan.map.flatMap((op, at): Violation[] => {
      if (op.kind !== "hook") return [];
      const waits = waitsAt(plan, at);
      waited = Math.max(waited, waits);
      return waits >= 0 && waits < pivot ? [] : [{ op, why: "the built container does not wait for it" }];
    });
    const inside = plan.build.flatMap((op, at): Violation[] => {
      if (op.kind !== "hook") return [];
      if (at > pivot) return [{ op, why: "its path would be one of the container's" }];
      return at > waited ? [] : [{ op, why: "hooks of the runtime are called after it" }];
    });
    const last = plan.build.findLastIndex(isKind("attach"));
    const early = plan.build.flatMap((op, at): Violation[] =>
      op.kind === "hook" && at < last ? [{ op, why: "something is mounted after it" }] : [],
    );
    return [...outside, ...inside, ...early];
  },
};

/** SECURITY.md, order law 7: what comes from the container's own files has no more rights than its program. */
export const hookPrivilegeLaw: Law = {
  name: "startContainer hooks are called under the filter, by what becomes the program (order law 7)",
  check(plan) {
    const filter = plan.become.findLastIndex(isKind("seccomp"));
    const close = plan.become.findIndex((op) => op.kind === "reaper" || op.kind === "closeRange");
    return plan.become.flatMap((op, at): Violation[] => {
      if (op.kind !== "hook") return [];
      if (at < filter) return [{ op, why: "the filter is loaded after it" }];
      return close >= 0 && at > close
        ? [{ op, why: "it is not called by the process that was at the gate" }]
        : [];
    });
  },
};
