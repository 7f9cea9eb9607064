import { expect, test } from "bun:test";
import { ARCHITECTURES } from "../../src/kernel/seccomp/architecture.ts";
import { assembleFilter } from "../../src/kernel/seccomp/assemble.ts";
import { defaultSeccomp } from "../../src/kernel/seccomp/default.ts";
import { interpret } from "../../src/kernel/seccomp/interpret.ts";
import { callNumbers } from "../../src/kernel/seccomp/numbers.ts";

const spec = defaultSeccomp({ architecture: "x86_64", capabilities: [], kernel: [6, 1] });
const ALLOW = 0x7fff0000;
const EPERM = 0x50001;
const ENOSYS = 0x50026;

test("R22 a specification that names one architecture only cannot open the 32-bit twin", () => {
  const filter = assembleFilter({ ...spec, architectures: ["SCMP_ARCH_X86_64"] }, "x86_64");
  const enter = (number: number) =>
    interpret(filter, { architecture: ARCHITECTURES.i386.audit, number }).value;
  expect(enter(callNumbers().i386.mount)).toBe(EPERM);
  expect(enter(callNumbers().i386.read)).toBe(ALLOW);
});

test("R22 an x32 call cannot pass for the native call of the same number", () => {
  const filter = assembleFilter({ ...spec, architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X32"] }, "x86_64");
  const x32 = (number: number) => ({ architecture: ARCHITECTURES.x86_64.audit, number: 0x40000000 + number });
  expect(interpret(filter, x32(callNumbers().x86_64.read)).value).toBe(ENOSYS);
  expect(interpret(filter, x32(512)).value).toBe(ENOSYS);
});

test("R22 a call newer than the profile answers ENOSYS, one that the profile leaves out EPERM", () => {
  const filter = assembleFilter(spec, "x86_64");
  const ask = (number: number) =>
    interpret(filter, { architecture: ARCHITECTURES.x86_64.audit, number }).value;
  expect(ask(callNumbers().x86_64.open_tree_attr)).toBe(ENOSYS);
  expect(ask(4000)).toBe(ENOSYS);
  expect(ask(callNumbers().x86_64.mount)).toBe(EPERM);
});
