import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { outcomeOf } from "./case.ts";

const cases = join(import.meta.dir, "cases");

test.each(readdirSync(cases))("case %s", (name) => {
  const folder = join(cases, name);
  const outcome = outcomeOf(folder);
  const expected = ["loaded.json", "error.txt"].find((file) => existsSync(join(folder, file)));
  expect(outcome.text).toBe(readFileSync(join(folder, expected ?? "loaded.json"), "utf8"));
  expect<string | undefined>(outcome.name).toBe(expected);
});
