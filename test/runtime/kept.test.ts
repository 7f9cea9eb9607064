import { expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { emptyPlan } from "../../src/kernel/plan/plan.ts";
import { type Kept, recalled, writeKept } from "../../src/runtime/kept.ts";
import { temporaryFolder } from "../support/temporary.ts";

const keptWith = (pid: number): Kept => ({
  version: 1,
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

test("a container whose folder is gone says so", async () => {
  const recalls = Array.from({ length: 50 }, () => recalled("/nowhere", keptWith(1)));
  await Bun.sleep(1);
  Bun.gc(true);
  expect(() => recalls.map((recall) => recall())).toThrow("there is no plan in /nowhere any more");
});
