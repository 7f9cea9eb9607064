import { expect, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { emptyPlan, type Plan } from "../../src/kernel/plan/plan.ts";
import { type Kept, readKept, readUndo, recalled, writeKept, writeUndo } from "../../src/runtime/kept.ts";
import { temporaryFolder } from "../support/temporary.ts";

const keptWith = (pid: number): Kept & { plan: Plan } => ({
  pid,
  spec: { ociVersion: "1.3.0" },
  cgroupPath: "/x",
  cgroups: [],
  plan: emptyPlan,
  records: [],
});

test("what is kept is forgotten when memory is cleared, and then read from the folder", async () => {
  using folder = temporaryFolder("kept");
  const recalls = Array.from({ length: 50 }, (_, index) => {
    const path = `${folder.path}/${index}`;
    mkdirSync(path);
    const recall = recalled(path, keptWith(1));
    expect(recall().pid).toBe(1);
    writeKept(path, keptWith(2));
    return recall;
  });
  await Bun.sleep(1);
  Bun.gc(true);
  const pids = recalls.map((recall) => recall().pid);
  // The collector may take a number on the stack for a reference.
  expect(pids.filter((pid) => pid === 2).length).toBeGreaterThan(25);
});

test("of another version's plan is read what is known: who runs, and what takes it back", () => {
  using folder = temporaryFolder("kept");
  const { path } = folder;
  const patch = (name: string, change: (text: string) => string) =>
    writeFileSync(`${path}/${name}`, change(readFileSync(`${path}/${name}`, "utf8")));
  const known = { kind: "removeCgroup", hierarchy: "/h", path: "/x", because: "a test" } as const;
  writeUndo(path, [known]);
  patch("undo.json", (text) => text.replace("[", '[{"kind":"fromTheFuture","because":"x"},'));
  expect(readUndo(path)).toEqual([known]);
  writeKept(path, keptWith(7));
  patch("plan.json", (text) => text.replace('"undo":[]', '"undo":[{"kind":"fromTheFuture","because":"x"}]'));
  expect(readKept(path)).toMatchObject({ pid: 7, plan: null });
  patch("plan.json", (text) => text.slice(0, -20));
  expect(readKept(path)).toBeUndefined();
});

test("a container whose folder is gone says so", async () => {
  const recalls = Array.from({ length: 50 }, () => recalled("/nowhere", keptWith(1)));
  await Bun.sleep(1);
  Bun.gc(true);
  expect(() => recalls.map((recall) => recall())).toThrow("there is no plan in /nowhere any more");
});
