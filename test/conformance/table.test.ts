import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pages } from "./pages.ts";
import { levelOf } from "./suite/requirement.ts";
import { renderTable } from "./suite/table.ts";

const sections = pages.flatMap((page) => page.sections);
const requirements = sections.flatMap(({ id, requirements }) =>
  Object.entries(requirements).map(([key, one]) => ({ id: `${id}.${key}`, ...one })),
);

test("docs/CONFORMANCE.md is what the suite says (scripts/bun scripts/generate-conformance.ts writes it)", () => {
  const path = join(import.meta.dir, "../../docs/CONFORMANCE.md");
  expect(readFileSync(path, "utf8")).toBe(renderTable(pages));
});

test("an id names one requirement", () => {
  expect(new Set(requirements.map(({ id }) => id)).size).toBe(requirements.length);
});

test("must quotes a sentence with MUST, REQUIRED or SHALL, should one with SHOULD", () => {
  const wrong = requirements.filter(({ level, quote }) => level !== levelOf(quote));
  expect(wrong.map(({ id }) => id)).toEqual([]);
});

test("what is proven elsewhere is proven by a test", () => {
  const tests = new Set(requirements.filter(({ proof }) => proof.kind === "test").map(({ id }) => id));
  const dangling = requirements.filter(({ proof }) => proof.kind === "as" && !tests.has(proof.id));
  expect(dangling.map(({ id }) => id)).toEqual([]);
});
