/** Classic BPF as seccomp(2) takes it: include/uapi/linux/filter.h, struct sock_filter, 8 bytes each. */

export const LOAD = 0x20; // BPF_LD | BPF_W | BPF_ABS
export const AND = 0x54; // BPF_ALU | BPF_AND | BPF_K
export const RETURN_CODE = 0x06; // BPF_RET | BPF_K
export const JUMP = 0x05; // BPF_JMP | BPF_JA
export const JUMP_EQUAL = 0x15; // BPF_JMP | BPF_JEQ | BPF_K
export const JUMP_GREATER = 0x25; // BPF_JMP | BPF_JGT | BPF_K
export const JUMP_GREATER_EQUAL = 0x35; // BPF_JMP | BPF_JGE | BPF_K
export const JUMP_SET = 0x45; // BPF_JMP | BPF_JSET | BPF_K

/** Offsets into struct seccomp_data (include/uapi/linux/seccomp.h). */
export const DATA = { number: 0, architecture: 4, instructionPointer: 8, argument: 16 } as const;

export const INSTRUCTION_BYTES = 8;
/** BPF_MAXINSNS: the kernel takes no longer program. */
export const MAX_INSTRUCTIONS = 4096;

export interface Instruction {
  readonly code: number;
  readonly jt: number;
  readonly jf: number;
  readonly k: number;
}

export const instruction = (code: number, k: number, jt = 0, jf = 0): Instruction => ({ code, k, jt, jf });

/** The bytes of an array of struct sock_filter, little endian. */
export function encodeProgram(program: readonly Instruction[]): Uint8Array {
  const bytes = new Uint8Array(program.length * INSTRUCTION_BYTES);
  const view = new DataView(bytes.buffer);
  for (const [index, { code, jt, jf, k }] of program.entries()) {
    const at = index * INSTRUCTION_BYTES;
    view.setUint16(at, code, true);
    view.setUint8(at + 2, jt);
    view.setUint8(at + 3, jf);
    view.setUint32(at + 4, k, true);
  }
  return bytes;
}
