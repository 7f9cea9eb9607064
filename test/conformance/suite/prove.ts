import { describe, test } from "bun:test";
import type { Proven, Requirement } from "./requirement.ts";
import type { Page } from "./table.ts";
import { canRun, openWorld } from "./world.ts";

/** One test for each requirement of the pages that has one, named by its id and the specification's words. */
export function prove(pages: readonly Page[]): void {
  for (const { id, title, requirements } of pages.flatMap(({ sections }) => sections)) {
    describe.skipIf(!canRun)(title, () => {
      for (const [key, requirement] of Object.entries(requirements)) declare(`${id}.${key}`, requirement);
    });
  }
}

function declare(id: string, { quote, proof }: Requirement): void {
  if (proof.kind !== "test") return;
  const missing = proof.needs.filter(({ met }) => !met).map(({ name }) => name);
  const needs = missing.length === 0 ? "" : ` (needs ${missing.join(" and ")})`;
  const declareTest = missing.length > 0 ? test.skip : proof.fails === undefined ? test : test.failing;
  declareTest(`${id} ${quote}${needs}`, () => run(proof));
}

async function run({ body }: Proven): Promise<void> {
  await using world = openWorld();
  await body(world);
}
