import type { DeviceRule } from "./device-rules.ts";

// include/uapi/linux/bpf.h: struct bpf_cgroup_dev_ctx { u32 access_type, major, minor }, its constants, and eBPF's
// instruction encoding (Documentation/bpf/standardization/instruction-set.rst): opcode, dst | src << 4, i16, i32.
const ACCESS: Readonly<Record<string, number>> = { m: 1, r: 2, w: 4 };
const TYPE: Readonly<Record<string, number>> = { b: 1, c: 2 };

const LOAD_WORD = 0x61; // dst = *(u32 *)(src + offset)
const MOVE = 0xb7;
const MOVE_REGISTER_32 = 0xbc;
const AND_32 = 0x54;
const SHIFT_RIGHT_32 = 0x74;
const JUMP_EQUAL_32 = 0x16;
const JUMP_NOT_EQUAL_32 = 0x56;
const EXIT = 0x95;

const CONTEXT = 1;
const REMAINING = 2;
const KIND = 3;
const MAJOR = 4;
const MINOR = 5;
const SCRATCH = 6;
const RESULT = 0;

type Step = readonly [opcode: number, destination: number, source: number, offset: number, immediate: number];

/**
 * The rules as an eBPF program of type BPF_PROG_TYPE_CGROUP_DEVICE: an array of struct bpf_insn, 8 bytes each.
 * Law: for every kind of access that is asked for (read, write, mknod) the last rule that speaks of it decides; all of
 * them must be allowed. What no rule speaks of is denied.
 */
export function deviceProgram(rules: readonly DeviceRule[]): Uint8Array {
  const prologue: Step[] = [
    [LOAD_WORD, REMAINING, CONTEXT, 0, 0],
    [MOVE_REGISTER_32, KIND, REMAINING, 0, 0],
    [AND_32, KIND, 0, 0, 0xffff],
    [SHIFT_RIGHT_32, REMAINING, 0, 0, 16],
    [LOAD_WORD, MAJOR, CONTEXT, 4, 0],
    [LOAD_WORD, MINOR, CONTEXT, 8, 0],
  ];
  const end: Step[] = [
    [MOVE, RESULT, 0, 0, 0],
    [EXIT, 0, 0, 0, 0],
  ];
  return encode([...prologue, ...[...rules].reverse().flatMap(ruleSteps), ...end]);
}

function ruleSteps(rule: DeviceRule): Step[] {
  const bits = [...rule.access].reduce((sum, letter) => sum | (ACCESS[letter] ?? 0), 0);
  const verdict: Step[] = rule.allow
    ? [
        [AND_32, REMAINING, 0, 0, ~bits & 7],
        [JUMP_NOT_EQUAL_32, REMAINING, 0, 2, 0],
        [MOVE, RESULT, 0, 0, 1],
        [EXIT, 0, 0, 0, 0],
      ]
    : [
        [MOVE_REGISTER_32, SCRATCH, REMAINING, 0, 0],
        [AND_32, SCRATCH, 0, 0, bits],
        [JUMP_EQUAL_32, SCRATCH, 0, 2, 0],
        [MOVE, RESULT, 0, 0, 0],
        [EXIT, 0, 0, 0, 0],
      ];
  const tests: (readonly [number, number])[] = [];
  if (rule.type !== "a") tests.push([KIND, TYPE[rule.type] as number]);
  if (rule.major !== null) tests.push([MAJOR, rule.major]);
  if (rule.minor !== null) tests.push([MINOR, rule.minor]);
  const checks = tests.map(([register, value], index): Step => {
    const toNextRule = tests.length - index - 1 + verdict.length;
    return [JUMP_NOT_EQUAL_32, register, 0, toNextRule, value];
  });
  return [...checks, ...verdict];
}

function encode(steps: readonly Step[]): Uint8Array {
  const bytes = new Uint8Array(steps.length * 8);
  const view = new DataView(bytes.buffer);
  for (const [index, [opcode, destination, source, offset, immediate]] of steps.entries()) {
    view.setUint8(index * 8, opcode);
    view.setUint8(index * 8 + 1, destination | (source << 4));
    view.setInt16(index * 8 + 2, offset, true);
    view.setInt32(index * 8 + 4, immediate | 0, true);
  }
  return bytes;
}
