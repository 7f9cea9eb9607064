import {
  AND,
  DATA,
  decodeProgram,
  type Instruction,
  JUMP,
  JUMP_EQUAL,
  JUMP_GREATER,
  JUMP_GREATER_EQUAL,
  JUMP_SET,
  LOAD,
  RETURN_CODE,
} from "./bpf.ts";

/** struct seccomp_data: what a filter sees of one system call. */
export interface SystemCall {
  /** AUDIT_ARCH_* */
  readonly architecture: number;
  readonly number: number;
  /** Up to six; missing ones are 0. */
  readonly arguments?: readonly bigint[];
}

/**
 * What the filter returns for one system call, and after how many instructions: a SECCOMP_RET_* value with its data.
 * Throws on a program that the kernel would not accept (an unknown instruction, running off its end).
 */
export function interpret(filter: Uint8Array, call: SystemCall): { value: number; steps: number } {
  const program = decodeProgram(filter);
  let accumulator = 0;
  let steps = 0;
  for (let at = 0; at < program.length; at++) {
    const step = program[at] as Instruction;
    steps++;
    if (step.code === RETURN_CODE) return { value: step.k, steps };
    if (step.code === LOAD) accumulator = load(call, step.k);
    else if (step.code === AND) accumulator = (accumulator & step.k) >>> 0;
    else if (step.code === JUMP) at += step.k;
    else at += compare(step, accumulator) ? step.jt : step.jf;
  }
  throw new Error("the filter ends without a return");
}

function compare(step: Instruction, accumulator: number): boolean {
  if (step.code === JUMP_EQUAL) return accumulator === step.k;
  if (step.code === JUMP_GREATER) return accumulator > step.k;
  if (step.code === JUMP_GREATER_EQUAL) return accumulator >= step.k;
  if (step.code === JUMP_SET) return (accumulator & step.k) !== 0;
  throw new Error(`the filter holds an unknown instruction 0x${step.code.toString(16)}`);
}

function load(call: SystemCall, offset: number): number {
  if (offset === DATA.number) return call.number >>> 0;
  if (offset === DATA.architecture) return call.architecture >>> 0;
  if (offset < DATA.argument) return 0;
  const argument = BigInt.asUintN(64, call.arguments?.[(offset - DATA.argument) >> 3] ?? 0n);
  const high = ((offset - DATA.argument) & 4) !== 0;
  return Number(high ? argument >> 32n : argument & 0xffffffffn);
}
