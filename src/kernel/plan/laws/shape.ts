import type { Kind, Op } from "../operations.ts";
import type { Plan } from "../plan.ts";
import { childOps, isKind, type Law, type Violation } from "./law.ts";

const exactlyOne = (ops: readonly Op[], kind: Kind, where: string): Violation[] => {
  const found = ops.filter((op) => op.kind === kind);
  return found.length === 1
    ? []
    : [{ op: found[1], why: `${where} has ${found.length} ${kind} instead of one` }];
};

const last = (ops: readonly Op[], kind: Kind, where: string): Violation[] =>
  ops.at(-1)?.kind === kind ? [] : [{ op: ops.at(-1), why: `${where} does not end with ${kind}` }];

export const shapeLaw: Law = {
  name: "one clone, one gate, one exec, each at the end of its act",
  check: (plan) => [
    ...exactlyOne(plan.clone, "clone", "act clone"),
    ...last(plan.clone, "clone", "act clone"),
    ...exactlyOne(plan.confine, "gate", "act confine"),
    ...last(plan.confine, "gate", "act confine"),
    ...exactlyOne(plan.become, "exec", "act become"),
    ...last(plan.become, "exec", "act become"),
  ],
};

/** R13 (CVE-2024-21626): what the native program opened, and whatever it was given, ends with it. */
export const closeLaw: Law = {
  name: "no descriptor but the program's own is left at exec (R13)",
  check(plan) {
    const op = plan.become.find(isKind("closeRange"));
    if (op === undefined) return [{ op: plan.become.at(-1), why: "act become has no closeRange" }];
    const own = 3 + (plan.host.find(isKind("passDescriptors"))?.count ?? 0);
    return op.from === own
      ? []
      : [{ op, why: `it begins at ${op.from}, the program's own end before ${own}` }];
  },
};

function streams(plan: Plan): Violation[] {
  const stdio = plan.confine.filter(isKind("stdio"));
  const [op] = stdio;
  if (op === undefined || stdio.length > 1) return [{ op, why: "act confine does not have one stdio" }];
  const sources = plan.host.filter(({ kind }) => kind === "pipes" || kind === "inheritStdio");
  const terminal = childOps(plan).some(isKind("terminal"));
  if (op.terminal) return terminal ? [] : [{ op, why: "no terminal was opened" }];
  return sources.length === 1 ? [] : [{ op, why: "act host says nothing, or two things, about the streams" }];
}

export const streamLaw: Law = { name: "the program's standard streams come from one place", check: streams };
