import type { SpecSeccomp } from "../../oci/runtime-spec.ts";
import { badSeccomp, RETURN } from "./actions.ts";
import { ARCHITECTURES, type Architecture, type NativeArchitecture, TWIN } from "./architecture.ts";
import {
  DATA,
  encodeProgram,
  type Instruction,
  instruction,
  JUMP,
  JUMP_EQUAL,
  JUMP_GREATER_EQUAL,
  LOAD,
  MAX_INSTRUCTIONS,
  RETURN_CODE,
} from "./bpf.ts";
import { checkSeccomp } from "./check.ts";
import { assembleVerdict } from "./conditions.ts";
import { type Segment, sameVerdict, segments } from "./verdicts.ts";

/** A conditional jump reaches 255 instructions; farther needs an unconditional one. */
const FAR = 255;

/**
 * The seccomp filter of a specification, as an array of struct sock_filter: for the native architecture and its 32-bit
 * twin, whatever the specification's `architectures` say (R22); any other architecture value kills the process.
 * The numbers are found by a balanced tree of comparisons over ranges, about eight steps deep for Docker's profile.
 */
export function assembleFilter(seccomp: SpecSeccomp, native: NativeArchitecture): Uint8Array {
  checkSeccomp(seccomp);
  const own = section(seccomp, native);
  const twin = section(seccomp, TWIN[native]);
  const program = [
    instruction(LOAD, DATA.architecture),
    instruction(JUMP_EQUAL, ARCHITECTURES[native].audit, 1, 0),
    instruction(JUMP, own.length),
    ...own,
    instruction(JUMP_EQUAL, ARCHITECTURES[TWIN[native]].audit, 1, 0),
    instruction(RETURN_CODE, RETURN.killProcess),
    ...twin,
  ];
  if (program.length > MAX_INSTRUCTIONS) {
    throw badSeccomp(
      "/linux/seccomp",
      `it needs ${program.length} instructions, the kernel takes ${MAX_INSTRUCTIONS}`,
    );
  }
  return encodeProgram(program);
}

function section(seccomp: SpecSeccomp, architecture: Architecture): Instruction[] {
  const tree = assembleTree(segments(seccomp, architecture), ARCHITECTURES[architecture].bits);
  return [instruction(LOAD, DATA.number), ...tree];
}

function assembleTree(range: readonly Segment[], bits: 32 | 64): Instruction[] {
  const [first, second, third] = range as [Segment, ...Segment[]];
  if (second === undefined) return assembleVerdict(first.verdict, bits);
  const isSpike = third !== undefined && range.length === 3 && third.from === second.from + 1;
  if (isSpike && sameVerdict(first.verdict, third.verdict)) {
    const spike = assembleVerdict(second.verdict, bits);
    if (spike.length <= FAR) {
      const around = assembleVerdict(first.verdict, bits);
      return [instruction(JUMP_EQUAL, second.from, 0, spike.length), ...spike, ...around];
    }
  }
  const middle = range.length >> 1;
  const left = assembleTree(range.slice(0, middle), bits);
  const right = assembleTree(range.slice(middle), bits);
  const pivot = (range[middle] as Segment).from;
  if (left.length <= FAR) return [instruction(JUMP_GREATER_EQUAL, pivot, left.length, 0), ...left, ...right];
  return [instruction(JUMP_GREATER_EQUAL, pivot, 0, 1), instruction(JUMP, left.length), ...left, ...right];
}
