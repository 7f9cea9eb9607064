import { expect, test } from "bun:test";
import { filterFlags } from "../../../src/kernel/seccomp/actions.ts";
import { ARCHITECTURES, type Architecture, TWIN } from "../../../src/kernel/seccomp/architecture.ts";
import { assembleFilter } from "../../../src/kernel/seccomp/assemble.ts";
import { checkListener } from "../../../src/kernel/seccomp/check.ts";
import { defaultSeccomp } from "../../../src/kernel/seccomp/default.ts";
import { interpret } from "../../../src/kernel/seccomp/interpret.ts";
import { callNumbers } from "../../../src/kernel/seccomp/numbers.ts";
import type {
  SeccompArgument,
  SeccompOperator,
  SeccompRule,
  SpecSeccomp,
} from "../../../src/oci/runtime-spec.ts";
import { evaluate } from "./evaluate.ts";

const NATIVE = ["x86_64", "aarch64"] as const;
const DEFAULTS = { capabilities: ["CAP_CHOWN", "CAP_SYS_CHROOT"], kernel: [6, 1] as const };
const nr = callNumbers().x86_64;

const ask = (spec: SpecSeccomp, number: number, ...args: bigint[]): number =>
  interpret(assembleFilter(spec, "x86_64"), {
    architecture: ARCHITECTURES.x86_64.audit,
    number,
    arguments: args,
  }).value;

const ALLOW = 0x7fff0000;
const EPERM = 0x50001;
const ENOSYS = 0x50026;

for (const native of NATIVE) {
  for (const architecture of [native, TWIN[native]] as Architecture[]) {
    test(`Docker's profile gives every call of ${architecture} on ${native} the verdict that the profile states`, () => {
      const spec = defaultSeccomp({ architecture: native, ...DEFAULTS });
      const filter = assembleFilter(spec, native);
      const numbers = [
        ...Array(600).keys(),
        ...Object.values(callNumbers()[architecture]),
        0x40000000,
        0xffffffff,
      ];
      for (const number of numbers) {
        const call = { architecture: ARCHITECTURES[architecture].audit, number, arguments: [2n, 0n] };
        expect([number, interpret(filter, call).value]).toEqual([number, evaluate(spec, architecture, call)]);
      }
    });
  }
}

test("a filter over random profiles agrees with the profile read directly, for edge and random arguments", () => {
  const random = generator(20261124);
  for (let round = 0; round < 150; round++) {
    const spec = randomSpec(random);
    const native = NATIVE[round % 2] as (typeof NATIVE)[number];
    const filter = assembleFilter(spec, native);
    for (let probe = 0; probe < 60; probe++) {
      const architecture = random(2) === 0 ? native : TWIN[native];
      const values = Object.values(callNumbers()[architecture]);
      const number = random(3) === 0 ? random(700) : (values[random(values.length)] as number);
      const call = {
        architecture: ARCHITECTURES[architecture].audit,
        number,
        arguments: Array.from({ length: 6 }, () => edgeValue(random, ARCHITECTURES[architecture].bits)),
      };
      const expected = evaluate(spec, architecture, call);
      if (interpret(filter, call).value !== expected) {
        expect({ spec, architecture, call, got: interpret(filter, call).value }).toEqual({
          expected,
        } as never);
      }
    }
  }
});

test("the default filter is short, and shallow for every unconditional call", () => {
  const spec = defaultSeccomp({ architecture: "x86_64", ...DEFAULTS });
  const filter = assembleFilter(spec, "x86_64");
  expect(filter.byteLength / 8).toBeLessThan(600);
  const steps = [nr.read, nr.write, nr.openat, nr.futex, nr.execve, nr.epoll_wait].map(
    (number) => interpret(filter, { architecture: ARCHITECTURES.x86_64.audit, number }).steps,
  );
  expect(Math.max(...steps)).toBeLessThanOrEqual(12);
});

test("a capability in the bounding set opens the calls that need it", () => {
  const without = defaultSeccomp({ architecture: "x86_64", ...DEFAULTS });
  const admin = defaultSeccomp({ architecture: "x86_64", capabilities: ["CAP_SYS_ADMIN"], kernel: [6, 1] });
  expect(ask(without, nr.mount)).toBe(EPERM);
  expect(ask(admin, nr.mount)).toBe(ALLOW);
  expect(ask(without, nr.clone3)).toBe(ENOSYS);
  expect(ask(admin, nr.clone3)).toBe(ALLOW);
  const CLONE_NEWUSER = 0x10000000n;
  expect(ask(without, nr.clone, CLONE_NEWUSER)).toBe(EPERM);
  expect(ask(without, nr.clone, 0x11n)).toBe(ALLOW);
});

test("an unconditional rule wins over a conditional one wherever it stands", () => {
  const args: SeccompArgument[] = [{ index: 0, value: 1, op: "SCMP_CMP_EQ" }];
  const conditional: SeccompRule = { names: ["socket"], action: "SCMP_ACT_KILL_PROCESS", args };
  const plain: SeccompRule = { names: ["socket"], action: "SCMP_ACT_ALLOW" };
  for (const syscalls of [
    [conditional, plain],
    [plain, conditional],
  ]) {
    expect(ask({ defaultAction: "SCMP_ACT_ERRNO", syscalls }, nr.socket, 1n)).toBe(ALLOW);
  }
});

test("an architecture of which no process can run here adds nothing to the filter (ADR 17)", () => {
  const of = (...architectures: string[]) =>
    assembleFilter({ ...defaultSeccomp({ architecture: "x86_64", ...DEFAULTS }), architectures }, "x86_64");
  const portable = ["X86_64", "X86", "X32", "AARCH64", "ARM", "S390X", "RISCV64"];
  expect(of(...portable.map((name) => `SCMP_ARCH_${name}`))).toEqual(of("SCMP_ARCH_X86_64"));
  expect(of("SCMP_ARCH_S390X")).toEqual(of());
});

test("a call entered through an architecture that is neither native nor its twin kills the process", () => {
  const filter = assembleFilter({ defaultAction: "SCMP_ACT_ALLOW" }, "x86_64");
  const call = { architecture: ARCHITECTURES.aarch64.audit, number: 0 };
  expect(interpret(filter, call).value).toBe(0x80000000);
});

test.each([
  [
    { defaultAction: "SCMP_ACT_MAYBE" },
    'cannot assemble the seccomp filter: "SCMP_ACT_MAYBE" is not an action',
  ],
  [
    { defaultAction: "SCMP_ACT_ALLOW", defaultErrnoRet: 1 },
    "cannot assemble the seccomp filter: SCMP_ACT_ALLOW takes no errnoRet",
  ],
  [
    { defaultAction: "SCMP_ACT_ERRNO", defaultErrnoRet: 5000 },
    "cannot assemble the seccomp filter: errnoRet 5000 is not between 0 and 4095",
  ],
])("a wrong profile is refused by name: %o", (spec, message) => {
  expect(() => assembleFilter(spec as SpecSeccomp, "x86_64")).toThrow(message);
});

test.each([
  [{ architectures: ["SCMP_ARCH_VAX"] }, "/linux/seccomp/architectures/0"],
  [
    { architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X32", "SCMP_ARCH_S390X"], flags: ["x"] },
    "/linux/seccomp/flags/0",
  ],
  [{ flags: ["toString"] }, "/linux/seccomp/flags/0"],
  [{ syscalls: [{ names: [], action: "SCMP_ACT_ALLOW" }] }, "/linux/seccomp/syscalls/0/names"],
  [{ defaultAction: "toString" }, "/linux/seccomp/defaultAction"],
])("a filter with a word that means nothing is refused: %o", (more, at) => {
  const spec = { defaultAction: "SCMP_ACT_ERRNO", ...more } as SpecSeccomp;
  expect(() => assembleFilter(spec, "x86_64")).toThrow(
    expect.objectContaining({ code: "SECCOMP_INVALID", at }),
  );
});

test.each([
  [{ listenerMetadata: "x" }, "/linux/seccomp/listenerMetadata"],
  [{ defaultAction: "SCMP_ACT_NOTIFY", listenerPath: "/x" }, "/linux/seccomp/defaultAction"],
  [{ syscalls: [{ names: ["read"], action: "SCMP_ACT_NOTIFY" }] }, "/linux/seccomp/listenerPath"],
])("a listener that nobody could serve is refused: %o", (more, at) => {
  const spec = { defaultAction: "SCMP_ACT_ALLOW", ...more } as SpecSeccomp;
  expect(() => checkListener(spec)).toThrow(expect.objectContaining({ code: "SECCOMP_INVALID", at }));
});

test.each([
  [["SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG"], 3, 1 | 2 | 8 | 16],
  [["SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"], 4, 4 | 8 | 32],
])("the flags %o are %d, and %d with a listener", (flags, alone, listening) => {
  const notify: SeccompRule = { names: ["mount"], action: "SCMP_ACT_NOTIFY" };
  expect(filterFlags({ defaultAction: "SCMP_ACT_ALLOW", flags })).toBe(alone);
  expect(filterFlags({ defaultAction: "SCMP_ACT_ALLOW", flags, syscalls: [notify] })).toBe(listening);
});

test("an action and its errno are what the filter answers", () => {
  const answers = [
    ["SCMP_ACT_ERRNO", 4095, 0x50fff],
    ["SCMP_ACT_TRACE", 7, 0x7ff00007],
    ["SCMP_ACT_KILL", undefined, 0],
    ["SCMP_ACT_KILL_THREAD", undefined, 0],
    ["SCMP_ACT_KILL_PROCESS", undefined, 0x80000000],
    ["SCMP_ACT_TRAP", undefined, 0x30000],
    ["SCMP_ACT_LOG", undefined, 0x7ffc0000],
    ["SCMP_ACT_NOTIFY", undefined, 0x7fc00000],
    ["SCMP_ACT_ALLOW", undefined, 0x7fff0000],
  ] as const;
  for (const [action, errnoRet, expected] of answers) {
    const rule: SeccompRule = { names: ["mount", "no_such_call"], action, ...(errnoRet && { errnoRet }) };
    expect(ask({ defaultAction: "SCMP_ACT_ERRNO", syscalls: [rule] }, nr.mount)).toBe(expected);
  }
});

/** A small linear congruential generator, so that a failure can be had again. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const EDGES = [
  0n,
  1n,
  2n,
  0x7fffffffn,
  0x80000000n,
  0xffffffffn,
  0x100000000n,
  0x1ffffffffn,
  0x1fffffffffffffn,
];

function edgeValue(random: (below: number) => number, bits: 32 | 64): bigint {
  return BigInt.asUintN(bits, (EDGES[random(EDGES.length)] as bigint) + BigInt(random(3)) - 1n);
}

const OPERATORS: SeccompOperator[] = [
  "SCMP_CMP_NE",
  "SCMP_CMP_LT",
  "SCMP_CMP_LE",
  "SCMP_CMP_EQ",
  "SCMP_CMP_GE",
  "SCMP_CMP_GT",
  "SCMP_CMP_MASKED_EQ",
];

function randomSpec(random: (below: number) => number): SpecSeccomp {
  const names = Object.keys({ ...callNumbers().x86_64, ...callNumbers().arm });
  const actions = ["SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_ERRNO", "SCMP_ACT_KILL_PROCESS"] as const;
  const action = () => actions[random(4)] as (typeof actions)[number];
  const argument = (): SeccompArgument => ({
    index: random(6),
    value: Number(EDGES[random(EDGES.length)]),
    valueTwo: Number(EDGES[random(EDGES.length)]),
    op: OPERATORS[random(OPERATORS.length)] as SeccompOperator,
  });
  const syscalls = Array.from(
    { length: random(60) },
    (): SeccompRule => ({
      names: Array.from({ length: 1 + random(8) }, () => names[random(names.length)] as string),
      action: action(),
      args: Array.from({ length: Math.max(0, random(6) - 2) }, argument),
    }),
  );
  return { defaultAction: action(), syscalls };
}
