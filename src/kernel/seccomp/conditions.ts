import type { SeccompArgument, SeccompOperator, Uint64 } from "../../oci/runtime-spec.ts";
import { badSeccomp } from "./actions.ts";
import {
  AND,
  DATA,
  type Instruction,
  instruction,
  JUMP_EQUAL,
  JUMP_GREATER,
  JUMP_GREATER_EQUAL,
  LOAD,
  RETURN_CODE,
} from "./bpf.ts";
import type { ConditionalReturn, Verdict } from "./verdicts.ts";

/** Where a comparison goes on: the next instruction, behind this condition, or behind the whole rule. */
type Target = "next" | "holds" | "fails";
type Step = readonly [code: number, k: number, ifTrue?: Target, ifFalse?: Target];

interface Words {
  readonly high: number;
  readonly low: number;
  readonly low2: number;
  readonly high2: number;
}

// Decided by the high words if they differ, else by the low words.
const WIDE: { readonly [O in SeccompOperator]: (w: Words, loadHigh: Step, loadLow: Step) => Step[] } = {
  SCMP_CMP_EQ: (w, h, l) => [
    h,
    [JUMP_EQUAL, w.high, "next", "fails"],
    l,
    [JUMP_EQUAL, w.low, "next", "fails"],
  ],
  SCMP_CMP_NE: (w, h, l) => [
    h,
    [JUMP_EQUAL, w.high, "next", "holds"],
    l,
    [JUMP_EQUAL, w.low, "fails", "next"],
  ],
  SCMP_CMP_GT: (w, h, l) => [...above(w, h, l), [JUMP_GREATER, w.low, "next", "fails"]],
  SCMP_CMP_GE: (w, h, l) => [...above(w, h, l), [JUMP_GREATER_EQUAL, w.low, "next", "fails"]],
  SCMP_CMP_LT: (w, h, l) => [...below(w, h, l), [JUMP_GREATER_EQUAL, w.low, "fails", "next"]],
  SCMP_CMP_LE: (w, h, l) => [...below(w, h, l), [JUMP_GREATER, w.low, "fails", "next"]],
  SCMP_CMP_MASKED_EQ: (w, h, l) => [
    h,
    [AND, w.high],
    [JUMP_EQUAL, w.high2, "next", "fails"],
    l,
    [AND, w.low],
    [JUMP_EQUAL, w.low2, "next", "fails"],
  ],
};

const above = (w: Words, h: Step, l: Step): Step[] => [
  h,
  [JUMP_GREATER, w.high, "holds", "next"],
  [JUMP_EQUAL, w.high, "next", "fails"],
  l,
];
const below = (w: Words, h: Step, l: Step): Step[] => [
  h,
  [JUMP_GREATER, w.high, "fails", "next"],
  [JUMP_EQUAL, w.high, "next", "holds"],
  l,
];

// A 32-bit architecture's arguments are its registers: only the low words count.
const NARROW: { readonly [O in SeccompOperator]: (w: Words, load: Step) => Step[] } = {
  SCMP_CMP_EQ: (w, load) => [load, [JUMP_EQUAL, w.low, "next", "fails"]],
  SCMP_CMP_NE: (w, load) => [load, [JUMP_EQUAL, w.low, "fails", "next"]],
  SCMP_CMP_GT: (w, load) => [load, [JUMP_GREATER, w.low, "next", "fails"]],
  SCMP_CMP_GE: (w, load) => [load, [JUMP_GREATER_EQUAL, w.low, "next", "fails"]],
  SCMP_CMP_LT: (w, load) => [load, [JUMP_GREATER_EQUAL, w.low, "fails", "next"]],
  SCMP_CMP_LE: (w, load) => [load, [JUMP_GREATER, w.low, "fails", "next"]],
  SCMP_CMP_MASKED_EQ: (w, load) => [load, [AND, w.low], [JUMP_EQUAL, w.low2, "next", "fails"]],
};

export const OPERATOR_NAMES: readonly string[] = Object.keys(NARROW);

/** The instructions that reach a verdict; they end in returns. */
export function assembleVerdict(verdict: Verdict, bits: 32 | 64): Instruction[] {
  const rules = verdict.rules.flatMap((rule) => assembleRule(rule, bits));
  return [...rules, instruction(RETURN_CODE, verdict.otherwise)];
}

function assembleRule(rule: ConditionalReturn, bits: 32 | 64): Instruction[] {
  const conditions = rule.conditions.map((condition) => stepsOf(condition, bits));
  const length = conditions.reduce((sum, steps) => sum + steps.length, 0) + 1;
  const result: Instruction[] = [];
  for (const steps of conditions) {
    const holds = result.length + steps.length;
    for (const [code, k, ifTrue, ifFalse] of steps) {
      const after = result.length + 1;
      const jump = (target: Target | undefined): number =>
        target === "holds" ? holds - after : target === "fails" ? length - after : 0;
      result.push(instruction(code, k, jump(ifTrue), jump(ifFalse)));
    }
  }
  return [...result, instruction(RETURN_CODE, rule.value)];
}

function stepsOf(condition: SeccompArgument, bits: 32 | 64): Step[] {
  const build = Object.hasOwn(WIDE, condition.op) ? WIDE[condition.op] : undefined;
  if (build === undefined)
    throw badSeccomp("/linux/seccomp/syscalls", `"${condition.op}" is not an operator`);
  const offset = DATA.argument + condition.index * 8;
  const words = wordsOf(condition);
  if (bits === 32) return NARROW[condition.op](words, [LOAD, offset]);
  return build(words, [LOAD, offset + 4], [LOAD, offset]);
}

function wordsOf({ value, valueTwo }: SeccompArgument): Words {
  const first = unsigned64(value);
  const second = unsigned64(valueTwo ?? 0);
  return {
    high: Number(first >> 32n),
    low: Number(first & 0xffffffffn),
    high2: Number(second >> 32n),
    low2: Number(second & 0xffffffffn),
  };
}

/** Any number as the 64 bits of a register; 2⁶⁴ is what a reader without bigints makes of 2⁶⁴−1. */
export function unsigned64(value: Uint64): bigint {
  if (typeof value === "bigint") return BigInt.asUintN(64, value);
  if (!Number.isFinite(value)) throw badSeccomp("/linux/seccomp/syscalls", `${value} is not a number`);
  const exact = BigInt(Math.trunc(value));
  return exact >= 1n << 64n ? (1n << 64n) - 1n : BigInt.asUintN(64, exact);
}
