import { expect, test } from "bun:test";
import { encodeActs } from "../../../src/kernel/plan/encode.ts";
import { planFromJson, planToJson } from "../../../src/kernel/plan/json.ts";
import { printPlan } from "../../../src/kernel/plan/print.ts";
import type { OpRecord } from "../../../src/kernel/plan/record.ts";
import { good } from "./good.ts";
import { samplePlan } from "./sample.ts";

test("a plan is printed as a list that people read", () => {
  expect(printPlan(good)).toMatchSnapshot();
});

test("with records, each line has its measured time and what was tolerated", () => {
  const record = { index: 0, kind: "makeCgroup", step: "mkdirat", errno: 0, value: 0 } as const;
  const records: OpRecord[] = [
    { ...record, act: "host", ns: 1_234_567, detail: "" },
    { ...record, act: "map", kind: "rlimit", ns: 1500, detail: "tolerated EPERM" },
  ];
  const lines = printPlan(good, records).split("\n");
  expect(lines[0]).toContain("  1.235 ms  default 0");
  expect(lines.find((line) => line.includes("rlimit"))).toContain("at most 4096 [tolerated EPERM]");
});

test.each([0, 1, 2, 3])("every operation can be printed (%d)", (seed) => {
  expect(printPlan(samplePlan(seed)).split("\n").length).toBeGreaterThan(60);
});

test.each([0, 1, 2, 3])("a plan survives JSON (%d)", (seed) => {
  const plan = samplePlan(seed);
  const read = planFromJson(JSON.parse(JSON.stringify(planToJson(plan))));
  expect(read).toEqual(plan);
  expect(Buffer.from(encodeActs(read)).equals(encodeActs(plan))).toBe(true);
});

test("what is no plan is refused", () => {
  expect(() => planFromJson({})).toThrow('cannot read the plan: its act "host" is missing');
  expect(() => planFromJson({ ...planToJson(good), host: [{ kind: "syscall" }] })).toThrow(
    'there is no operation "syscall"',
  );
  expect(() => planFromJson({ ...planToJson(good), host: [{ kind: "pipes" }] })).toThrow(
    'pipes has no "stdin"',
  );
});
