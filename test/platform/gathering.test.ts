import { expect, test } from "bun:test";
import { gathering } from "../../src/platform/gathering.ts";

test("what comes at once is handed on as one, in order, when the event loop comes round", async () => {
  const taken: string[] = [];
  const gathered = gathering((text) => taken.push(text));
  for (const text of ["a", "b", "c"]) gathered.add(text);
  expect(taken).toEqual([]);
  await Bun.sleep(1);
  expect(taken).toEqual(["abc"]);
  gathered.add("d");
  gathered.flush();
  await Bun.sleep(1);
  expect(taken).toEqual(["abc", "d"]);
});

test("much does not wait", () => {
  const taken: string[] = [];
  const gathered = gathering((text) => taken.push(text));
  for (let n = 0; n < 100; n++) gathered.add("x".repeat(1024));
  expect(taken.length).toBe(1);
});
