import { ARCHITECTURES, nativeArchitecture } from "../../seccomp/architecture.ts";
import { interpret } from "../../seccomp/interpret.ts";
import { callNumbers } from "../../seccomp/numbers.ts";
import { afterSeccomp, type Call, failure } from "../after-seccomp.ts";
import type { Op, OpOf } from "../operations.ts";
import { childOps, type Law, type Violation } from "./law.ts";

// include/uapi/linux/seccomp.h: the action is in the upper 16 bits.
const ACTION = 0xffff0000;
const ALLOW = 0x7fff0000;
const LOG = 0x7ffc0000;
const ERRNO = 0x00050000;

type Verdict = "allowed" | "refused" | "deadly";

/** A profile's filter is assembled once and serves many containers. */
const known = new WeakMap<Uint8Array, Map<Call, Verdict>>();

function verdict(filter: Uint8Array, call: Call): Verdict {
  const verdicts = known.get(filter) ?? new Map<Call, Verdict>();
  known.set(filter, verdicts);
  const before = verdicts.get(call) ?? judge(filter, call);
  verdicts.set(call, before);
  return before;
}

function judge(filter: Uint8Array, call: Call): Verdict {
  const architecture = nativeArchitecture();
  const number = (callNumbers()[architecture] as Readonly<Record<string, number>>)[call.name];
  if (number === undefined) throw new Error(`there is no system call ${call.name}`);
  const data = { architecture: ARCHITECTURES[architecture].audit, number, arguments: call.arguments ?? [] };
  const action = (answer(filter, data) & ACTION) >>> 0;
  if (action === ALLOW || action === LOG) return "allowed";
  return action === ERRNO ? "refused" : "deadly";
}

// include/uapi/linux/seccomp.h: SECCOMP_RET_KILL_PROCESS; what the kernel would not even load proves nothing.
const KILL = 0x80000000;

function answer(filter: Uint8Array, data: Parameters<typeof interpret>[1]): number {
  try {
    return interpret(filter, data).value;
  } catch {
    return KILL;
  }
}

/** A notification would wait for a supervisor that is not there yet; a trace, a trap and a kill end the set-up. */
function check(filter: OpOf<"seccomp">, op: Op): Violation[] {
  const calls = afterSeccomp[op.kind];
  if (calls === undefined) return [{ op, why: "it comes after seccomp, where only a few operations may" }];
  return [...calls, ...failure].flatMap((call): Violation[] => {
    const given = verdict(filter.filter, call);
    if (given === "allowed" || (given === "refused" && call.mayFail === true)) return [];
    return [{ op, why: `the filter loaded before it forbids ${call.name}` }];
  });
}

/**
 * Proves, by interpreting the filter over the native program's own table of calls, that nothing it still has to do is
 * forbidden. The proof covers our filter alone: not inherited filters, not hooks, not the program.
 */
export const filterLaw: Law = {
  name: "what is still to be done after seccomp is allowed by the filter",
  check(plan) {
    const ops = childOps(plan);
    return ops.flatMap((filter, at) =>
      filter.kind === "seccomp" ? ops.slice(at + 1).flatMap((op) => check(filter, op)) : [],
    );
  },
};
