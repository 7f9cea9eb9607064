import type { Slot } from "../../kernel/plan/field.ts";
import type { Op } from "../../kernel/plan/operations.ts";
import { rlimitNumber } from "../../kernel/rlimits.ts";
import { InroError } from "../../oci/error.ts";
import type { SpecProcess, Uint64 } from "../../oci/runtime-spec.ts";
import { type Confinement, confineOps, lateFilterOps } from "./confine.ts";
import type { Draft } from "./context.ts";
import { candidatesOf } from "./program.ts";
import { schedulingOps } from "./scheduling.ts";

const SIGKILL = 9;
/** 0, 1 and 2 are the program's, and what its caller passed behind them; from there on they are nobody's business. */
const STREAMS = 3;

/** The parent raises or lowers the child's limits before a user namespace takes effect (order law 1). */
export function compileRlimits(draft: Draft, process: SpecProcess, becauseOf: (at: string) => string): void {
  const seen = new Set<string>();
  for (const [index, { type, soft, hard }] of (process.rlimits ?? []).entries()) {
    const at = `/process/rlimits/${index}`;
    // config.md, "rlimits": duplicated entries with same type are an error.
    if (seen.has(type)) throw badLimit(type, "it is set twice", at);
    seen.add(type);
    const limits = { soft: limit(soft), hard: limit(hard) };
    if (limits.soft > limits.hard) throw badLimit(type, "its soft value is above its hard one", at);
    draft.plan.map.push({
      kind: "rlimit",
      resource: rlimitNumber(type, at),
      ...limits,
      because: becauseOf(at),
    });
  }
}

const INFINITY = (1n << 64n) - 1n;

/** RLIM_INFINITY is 2⁶⁴−1, which a reader without bigints rounds to 2⁶⁴; Docker writes it as -1 too. */
function limit(value: Uint64): bigint {
  const whole = typeof value === "bigint" ? value : BigInt(Math.trunc(value));
  return whole < 0n || whole > INFINITY ? INFINITY : whole;
}

function badLimit(type: string, why: string, at: string): InroError {
  return new InroError("RLIMIT_INVALID", { what: `cannot set the limit "${type}"`, why, at });
}

/** A terminal of the devpts beneath `dev`, of the size that is asked for. */
export function terminalOp(dev: Slot, { consoleSize }: SpecProcess, because: string): Op {
  const { height = 0, width = 0 } = consoleSize ?? {};
  return { kind: "terminal", dev, rows: height, columns: width, because };
}

/** From the built container to its gate, and from the start to the program; for `exec` too. */
export interface ProgramStart {
  readonly confinement: Confinement;
  /** Dies with the monitor that is its parent (KERNEL.md, laws of the monitor, 11). */
  readonly diesWithParent: boolean;
  readonly fifo: string | undefined;
  /** The caller's, behind the standard streams. */
  readonly descriptors: number;
  readonly useInit: boolean;
  /** Where an executed program runs once it is in its cgroups. */
  readonly finalAffinity?: readonly Op[];
  /** The startContainer hooks. */
  readonly hooks: readonly Op[];
}

export function compileProcess(draft: Draft, start: ProgramStart): void {
  const { plan } = draft;
  const { process, becauseOf } = start.confinement;
  const terminal = process.terminal === true;
  const because = becauseOf("/process/terminal");
  plan.confine.push(
    { kind: "stdio", terminal, uid: process.user.uid, because },
    { kind: "session", terminal, because },
    ...schedulingOps(start.confinement),
    ...(start.finalAffinity ?? []),
    ...confineOps(start.confinement),
  );
  // A change of user clears the parent-death signal: prctl(2), PR_SET_PDEATHSIG.
  if (start.diesWithParent) plan.confine.push({ kind: "parentDeath", signal: SIGKILL, because: "default" });
  compileStart(draft, start);
}

function compileStart(draft: Draft, start: ProgramStart): void {
  const { confinement, fifo, descriptors, useInit, hooks } = start;
  const { plan } = draft;
  const { process, becauseOf } = confinement;
  const because = becauseOf("/process/args");
  const candidates = candidatesOf(process);
  const filter = lateFilterOps(confinement);
  plan.confine.push(
    { kind: "findProgram", candidates, program: process.args[0] ?? "", because },
    ...filter.confine,
  );
  if (fifo === undefined) plan.confine.push({ kind: "gate", because: "default" });
  else {
    const out = draft.newSlot();
    plan.host.push({ kind: "openPath", out, path: fifo, use: "fifo", because: "default" });
    plan.confine.push({ kind: "gate", fifo: out, because: "default" });
  }
  plan.become.push(
    ...filter.become,
    ...hooks,
    { kind: "closeRange", from: STREAMS + descriptors, because: "default" },
    // Pid 1 of ours is as confined as the program that it starts.
    ...(useInit ? [{ kind: "reaper", because: "--init" } as const] : []),
    { kind: "exec", candidates, argv: process.args, env: process.env ?? [], because },
  );
}
