import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { treeHeader } from "../../scripts/generate-tree-frames.ts";

test("native/generated/tree.h is what scripts/generate-tree-frames.ts writes", () => {
  expect(readFileSync(join(import.meta.dir, "../../native/generated/tree.h"), "utf8")).toBe(treeHeader());
});
