import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { wireFiles } from "../../scripts/generate-wire.ts";
import { operations } from "../../src/kernel/plan/operations.ts";

test.each(Object.entries(wireFiles()).map(([path, text]) => [basename(path), path, text] as const))(
  "native/generated/%s is what scripts/generate-wire.ts writes",
  (_, path, text) => {
    expect(readFileSync(path, "utf8")).toBe(text);
  },
);

test("no two operations share a code", () => {
  const codes = Object.values(operations).map(({ code }) => code);
  expect(new Set(codes).size).toBe(codes.length);
});
