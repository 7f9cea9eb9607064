import { rlimitNumber } from "../../kernel/rlimits.ts";
import type { SpecProcess } from "../../oci/runtime-spec.ts";
import { type Confinement, confineOps, lateFilterOps } from "./confine.ts";
import type { Draft } from "./context.ts";
import { candidatesOf } from "./program.ts";

const SIGKILL = 9;
/** From here on descriptors are nobody's business: 0, 1 and 2 are the program's. */
const FIRST_OWN_DESCRIPTOR = 3;

/** The parent raises or lowers the child's limits before a user namespace takes effect (order law 1). */
export function compileRlimits(draft: Draft, process: SpecProcess, becauseOf: (at: string) => string): void {
  for (const [index, { type, soft, hard }] of (process.rlimits ?? []).entries()) {
    const at = `/process/rlimits/${index}`;
    draft.plan.map.push({
      kind: "rlimit",
      resource: rlimitNumber(type, at),
      soft: limit(soft),
      hard: limit(hard),
      because: becauseOf(at),
    });
  }
}

const INFINITY = (1n << 64n) - 1n;

/** RLIM_INFINITY is 2⁶⁴−1, which JSON rounds to 2⁶⁴; Docker writes it as -1 too. */
const limit = (value: number): bigint =>
  value < 0 || value >= 2 ** 64 ? INFINITY : BigInt(Math.trunc(value));

/** From the built container to its gate, and from the start to the program; for `exec` too. */
export interface ProgramStart {
  readonly confinement: Confinement;
  /** Dies with the monitor that is its parent (KERNEL.md, laws of the monitor, 11). */
  readonly diesWithParent: boolean;
  readonly fifo: string | undefined;
  readonly useInit: boolean;
}

export function compileProcess(draft: Draft, start: ProgramStart): void {
  const { plan } = draft;
  const { process, becauseOf } = start.confinement;
  const terminal = process.terminal === true;
  const because = becauseOf("/process/terminal");
  plan.confine.push(
    { kind: "stdio", terminal, uid: process.user.uid, because },
    { kind: "session", terminal, because },
    ...confineOps(start.confinement),
  );
  // A change of user clears the parent-death signal: prctl(2), PR_SET_PDEATHSIG.
  if (start.diesWithParent) plan.confine.push({ kind: "parentDeath", signal: SIGKILL, because: "default" });
  compileStart(draft, start);
}

function compileStart(draft: Draft, { confinement, fifo, useInit }: ProgramStart): void {
  const { plan } = draft;
  const { process, becauseOf } = confinement;
  const because = becauseOf("/process/args");
  const candidates = candidatesOf(process);
  plan.confine.push({ kind: "findProgram", candidates, because });
  if (fifo === undefined) plan.confine.push({ kind: "gate", because: "default" });
  else {
    const out = draft.newSlot();
    plan.host.push({ kind: "openPath", out, path: fifo, use: "fifo", because: "default" });
    plan.confine.push({ kind: "gate", fifo: out, because: "default" });
  }
  plan.become.push(
    ...lateFilterOps(confinement),
    { kind: "closeRange", from: FIRST_OWN_DESCRIPTOR, because: "default" },
    // Pid 1 of ours is as confined as the program that it starts.
    ...(useInit ? [{ kind: "reaper", because: "--init" } as const] : []),
    { kind: "exec", candidates, argv: process.args, env: process.env ?? [], because },
  );
}
