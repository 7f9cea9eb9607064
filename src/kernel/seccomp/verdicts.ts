import type { SeccompArgument, SpecSeccomp } from "../../oci/runtime-spec.ts";
import { badSeccomp, ENOSYS, RETURN, returnValue } from "./actions.ts";
import { ARCHITECTURES, type Architecture } from "./architecture.ts";
import { callNumbers } from "./numbers.ts";

/** All conditions hold → `value`. */
export interface ConditionalReturn {
  readonly conditions: readonly SeccompArgument[];
  readonly value: number;
}

/** What a filter answers for one system call: the first rule that matches, else `otherwise`. */
export interface Verdict {
  readonly rules: readonly ConditionalReturn[];
  readonly otherwise: number;
}

/** Every number from `from` up to the next segment's `from` has this verdict; the first segment starts at 0. */
export interface Segment {
  readonly from: number;
  readonly verdict: Verdict;
}

/** asm/unistd.h of x86-64: x32 calls carry this bit under the same architecture value. */
const X32_BIT = 0x40000000;

const always = (value: number): Verdict => ({ rules: [], otherwise: value });

/**
 * The whole number space of one architecture, cut where the verdict changes.
 *
 * Laws: an unconditional rule for a call wins over conditional ones, else the first that matches in the order of the
 * specification; a name that the architecture lacks is passed over (both as libseccomp has it). A call newer than the
 * profile answers ENOSYS, so that programs fall back as on an older kernel (R22). x32 calls are never let through.
 */
export function segments(seccomp: SpecSeccomp, architecture: Architecture): Segment[] {
  const fallback = returnValue(seccomp.defaultAction, seccomp.defaultErrnoRet, {
    action: "/linux/seccomp/defaultAction",
    errno: "/linux/seccomp/defaultErrnoRet",
  });
  const named = verdictsByNumber(seccomp, architecture, fallback);
  const newest = Math.max(ARCHITECTURES[architecture].lastBefore51, ...[...named.keys()].filter(isPortable));
  const newer = refuses(fallback) ? RETURN.errno | ENOSYS : fallback;
  const unnamed = (number: number): Segment => ({
    from: number,
    verdict: always(number > newest ? newer : fallback),
  });
  const cuts: Segment[] = [unnamed(0)];
  if (!named.has(newest + 1)) cuts.push(unnamed(newest + 1));
  for (const number of [...named.keys()].sort((a, b) => a - b)) {
    cuts.push({ from: number, verdict: named.get(number) as Verdict });
    if (!named.has(number + 1)) cuts.push(unnamed(number + 1));
  }
  if (architecture === "x86_64") cuts.push({ from: X32_BIT, verdict: always(RETURN.errno | ENOSYS) });
  return merge(cuts);
}

// arch/arm: the calls from 0x0f0000 on are ARM's own and say nothing about a profile's age.
const isPortable = (number: number): boolean => number < 0xf0000;

/** Whether calls that the profile does not name are turned away; letting through, logging and tracing do not. */
function refuses(fallback: number): boolean {
  return fallback !== RETURN.allow && fallback !== RETURN.log && fallback >>> 16 !== RETURN.trace >>> 16;
}

function verdictsByNumber(
  seccomp: SpecSeccomp,
  architecture: Architecture,
  fallback: number,
): Map<number, Verdict> {
  const table: Readonly<Record<string, number>> = callNumbers()[architecture];
  const conditional = new Map<number, ConditionalReturn[]>();
  const settled = new Map<number, number>();
  const known = new Set<number>();
  for (const [index, rule] of (seccomp.syscalls ?? []).entries()) {
    const at = `/linux/seccomp/syscalls/${index}`;
    const value = returnValue(rule.action, rule.errnoRet, {
      action: `${at}/action`,
      errno: `${at}/errnoRet`,
    });
    const alternatives = alternativesOf(rule.args ?? [], at);
    for (const name of rule.names) {
      const number = Object.hasOwn(table, name) ? table[name] : undefined;
      if (number === undefined) continue;
      known.add(number);
      if (value === fallback) continue;
      if (alternatives.length === 0) {
        if (!settled.has(number)) settled.set(number, value);
        continue;
      }
      const rules = conditional.get(number) ?? [];
      for (const conditions of alternatives) rules.push({ conditions, value });
      conditional.set(number, rules);
    }
  }
  const verdictOf = (number: number): Verdict => {
    const unconditional = settled.get(number);
    if (unconditional !== undefined) return always(unconditional);
    return { rules: conditional.get(number) ?? [], otherwise: fallback };
  };
  return new Map([...known].map((number) => [number, verdictOf(number)]));
}

/**
 * Conditions on different arguments must all hold; when an argument is named twice, each condition is an alternative
 * (what runc made of the specification, and profiles rely on).
 */
function alternativesOf(args: readonly SeccompArgument[], at: string): SeccompArgument[][] {
  for (const [index, argument] of args.entries()) {
    if (!Number.isInteger(argument.index) || argument.index < 0 || argument.index > 5) {
      throw badSeccomp(`${at}/args/${index}`, `a system call has arguments 0 to 5, not ${argument.index}`);
    }
  }
  const repeats = new Set(args.map((argument) => argument.index)).size < args.length;
  if (repeats) return args.map((argument) => [argument]);
  return args.length === 0 ? [] : [[...args]];
}

/** Later cuts win from their start on; neighbours with the same verdict become one segment. */
function merge(cuts: readonly Segment[]): Segment[] {
  const result: Segment[] = [];
  for (const cut of [...cuts].sort((a, b) => a.from - b.from)) {
    const last = result.at(-1);
    if (last?.from === cut.from) result.pop();
    const previous = result.at(-1);
    if (previous !== undefined && sameVerdict(previous.verdict, cut.verdict)) continue;
    result.push(cut);
  }
  return result;
}

export function sameVerdict(a: Verdict, b: Verdict): boolean {
  return a === b || (a.rules.length === 0 && b.rules.length === 0 && a.otherwise === b.otherwise);
}
