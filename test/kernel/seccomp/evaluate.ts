import { ARCHITECTURES, type Architecture } from "../../../src/kernel/seccomp/architecture.ts";
import type { SystemCall } from "../../../src/kernel/seccomp/interpret.ts";
import { callNumbers } from "../../../src/kernel/seccomp/numbers.ts";
import type { SeccompArgument, SeccompRule, SpecSeccomp } from "../../../src/oci/runtime-spec.ts";

const ERRNO = 0x50000;
const RETURNS: Record<string, number> = {
  SCMP_ACT_KILL_PROCESS: 0x80000000,
  SCMP_ACT_ALLOW: 0x7fff0000,
  SCMP_ACT_LOG: 0x7ffc0000,
};

/** The oracle: what config-linux.md says about one call, read straight off the specification without any filter. */
export function evaluate(spec: SpecSeccomp, architecture: Architecture, call: SystemCall): number {
  if (architecture === "x86_64" && call.number >= 0x40000000) return ERRNO | 38;
  const names = Object.entries(callNumbers()[architecture]).flatMap(([name, n]) =>
    n === call.number ? [name] : [],
  );
  const fallback = returns(spec.defaultAction, spec.defaultErrnoRet);
  const rules = (spec.syscalls ?? []).filter((rule) => rule.names.some((name) => names.includes(name)));
  const effective = rules.filter((rule) => returns(rule.action, rule.errnoRet) !== fallback);
  const simple = effective.find((rule) => (rule.args ?? []).length === 0);
  if (simple !== undefined) return returns(simple.action, simple.errnoRet);
  const bits = ARCHITECTURES[architecture].bits;
  const matching = effective.find((rule) => matches(rule, call, bits));
  if (matching !== undefined) return returns(matching.action, matching.errnoRet);
  if (
    rules.length === 0 &&
    isNewer(spec, architecture, call.number) &&
    RETURNS[spec.defaultAction] !== 0x7fff0000
  ) {
    if (spec.defaultAction !== "SCMP_ACT_LOG") return ERRNO | 38;
  }
  return fallback;
}

function isNewer(spec: SpecSeccomp, architecture: Architecture, number: number): boolean {
  const table: Record<string, number> = callNumbers()[architecture];
  const named = (spec.syscalls ?? []).flatMap((rule) => rule.names.map((name) => table[name] ?? 0));
  return number > Math.max(ARCHITECTURES[architecture].lastBefore51, ...named.filter((n) => n < 0xf0000));
}

function returns(action: string, errno: number | undefined): number {
  return action === "SCMP_ACT_ERRNO" ? ERRNO | (errno ?? 1) : (RETURNS[action] as number);
}

function matches(rule: SeccompRule, call: SystemCall, bits: 32 | 64): boolean {
  const args = rule.args ?? [];
  const holds = (argument: SeccompArgument) =>
    compare(argument, call.arguments?.[argument.index] ?? 0n, bits);
  const repeats = new Set(args.map((a) => a.index)).size < args.length;
  return repeats ? args.some(holds) : args.every(holds);
}

function compare({ op, value, valueTwo }: SeccompArgument, argument: bigint, bits: 32 | 64): boolean {
  const cut = (n: bigint): bigint => BigInt.asUintN(bits, n);
  const a = cut(argument);
  const v = cut(BigInt(value));
  switch (op) {
    case "SCMP_CMP_EQ":
      return a === v;
    case "SCMP_CMP_NE":
      return a !== v;
    case "SCMP_CMP_LT":
      return a < v;
    case "SCMP_CMP_LE":
      return a <= v;
    case "SCMP_CMP_GT":
      return a > v;
    case "SCMP_CMP_GE":
      return a >= v;
    case "SCMP_CMP_MASKED_EQ":
      return (a & v) === cut(BigInt(valueTwo ?? 0));
  }
}
