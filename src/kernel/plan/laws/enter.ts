import type { Kind, Op } from "../operations.ts";
import type { Plan } from "../plan.ts";
import { childOps, cloneOf, isKind, type Law, NEW, type Violation } from "./law.ts";

/** What names a namespace, or the streams, and touches nothing else. */
const HARMLESS: ReadonlySet<Kind> = new Set([
  "openPath",
  "openProcess",
  "inheritStdio",
  "passDescriptors",
  "pipes",
]);

/** user_namespaces(7): from outside it and from inside it the same operation is another one. */
function order(ops: readonly Op[]): Violation[] {
  const at = ops.findIndex(isKind("enterUserNamespace"));
  const early = ops.slice(0, Math.max(at, 0)).find(({ kind }) => !HARMLESS.has(kind));
  const again = ops.slice(at + 1).find(isKind("enterUserNamespace"));
  return [
    ...(early === undefined ? [] : [{ op: early, why: "it comes before the executor's namespace" }]),
    ...(again === undefined ? [] : [{ op: again, why: "the executor has entered one" }]),
  ];
}

/** The only programs of the host that a plan may run: none that a $PATH or a working directory would choose. */
const mappers = (ops: readonly Op[]): Violation[] =>
  ops.filter(isKind("enterUserNamespace")).flatMap((op) =>
    [op.uidMapper, op.gidMapper].flatMap(([program]): Violation[] => {
      const good = program === undefined || /^\/.*\/new[ug]idmap$/.test(program);
      return good ? [] : [{ op, why: `${program} is not the path of a program that maps ids` }];
    }),
  );

function second(plan: Plan): Violation[] {
  const join = plan.clone.find((op) => op.kind === "joinNamespace" && op.type === NEW.user);
  const made = ((cloneOf(plan)?.flags ?? 0) & NEW.user) !== 0 ? cloneOf(plan) : join;
  return made === undefined ? [] : [{ op: made, why: "the executor is in the container's already" }];
}

export const enterLaw: Law = {
  name: "without privilege the executor enters the container's user namespace first, and makes no other",
  check(plan, { ops: surveyed = [] }) {
    const ops = [...surveyed, ...plan.host];
    const denied = childOps(plan)
      .filter(isKind("groups"))
      .flatMap((op): Violation[] =>
        op.denied === true && op.gids.length > 0 ? [{ op, why: "it may pass over groups" }] : [],
      );
    if (!ops.some(isKind("enterUserNamespace"))) return denied;
    return [...order(ops), ...mappers(ops), ...second(plan), ...denied];
  },
};
