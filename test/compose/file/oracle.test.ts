import { expect, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { requestOf } from "./case.ts";
import { ofOurs, theirs } from "./oracle.ts";

const cases = join(import.meta.dir, "cases");
const all = readdirSync(cases).map((name) => ({
  name,
  folder: join(cases, name),
  ...requestOf(join(cases, name)),
}));
const same = all.filter(({ differs }) => differs === undefined);
const loads = same.filter(({ folder }) => existsSync(join(folder, "loaded.json")));
const refused = same.filter(({ folder }) => existsSync(join(folder, "error.txt")));

test.each(loads)("docker compose makes of our mapping of $name what it makes of the files", ({ request }) => {
  const expected = theirs(request);
  expect(expected).toMatchObject({ status: 0, complaints: "" });
  expect(ofOurs(request)).toEqual(expected);
});

test.each(refused)("docker compose, too, refuses $name", ({ request }) => {
  expect(theirs(request)).toMatchObject({ status: expect.any(Number), document: undefined });
});
