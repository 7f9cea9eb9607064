import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ACTS } from "../../../src/kernel/plan/act.ts";
import { operations } from "../../../src/kernel/plan/operations.ts";
import { laws } from "../../../src/kernel/plan/verify.ts";

const document = readFileSync(join(import.meta.dir, "../../../docs/PLAN.md"), "utf8");

test("docs/PLAN.md names every operation and act", () => {
  const named = [...Object.keys(operations), ...ACTS].filter((name) => !document.includes(`\`${name}\``));
  expect(named).toEqual([]);
});

test("docs/PLAN.md lists every law, in the verifier's order", () => {
  const listed = [...document.matchAll(/^\d+\. (.*)\.$/gm)].map(([, name]) => name?.toLowerCase());
  expect(listed).toEqual(laws.map(({ name }) => name.toLowerCase()));
});
