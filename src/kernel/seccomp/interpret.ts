import {
  AND,
  DATA,
  INSTRUCTION_BYTES,
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
  const program = new DataView(filter.buffer, filter.byteOffset, filter.byteLength);
  const end = filter.byteLength - (filter.byteLength % INSTRUCTION_BYTES);
  let accumulator = 0;
  let steps = 0;
  for (let at = 0; at < end; at += INSTRUCTION_BYTES) {
    const code = program.getUint16(at, true);
    const k = program.getUint32(at + 4, true);
    steps++;
    if (code === RETURN_CODE) return { value: k, steps };
    if (code === LOAD) accumulator = load(call, k);
    else if (code === AND) accumulator = (accumulator & k) >>> 0;
    else if (code === JUMP) at += k * INSTRUCTION_BYTES;
    else {
      const skipped = program.getUint8(compare(code, k, accumulator) ? at + 2 : at + 3);
      at += skipped * INSTRUCTION_BYTES;
    }
  }
  throw new Error("the filter ends without a return");
}

function compare(code: number, k: number, accumulator: number): boolean {
  if (code === JUMP_EQUAL) return accumulator === k;
  if (code === JUMP_GREATER) return accumulator > k;
  if (code === JUMP_GREATER_EQUAL) return accumulator >= k;
  if (code === JUMP_SET) return (accumulator & k) !== 0;
  throw new Error(`the filter holds an unknown instruction 0x${code.toString(16)}`);
}

function load(call: SystemCall, offset: number): number {
  if (offset === DATA.number) return call.number >>> 0;
  if (offset === DATA.architecture) return call.architecture >>> 0;
  if (offset < DATA.argument) return 0;
  const argument = BigInt.asUintN(64, call.arguments?.[(offset - DATA.argument) >> 3] ?? 0n);
  const high = ((offset - DATA.argument) & 4) !== 0;
  return Number(high ? argument >> 32n : argument & 0xffffffffn);
}
