import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { openExecutor } from "../../src/kernel/executor/executor.ts";
import { mounting } from "../kernel/plan/mounting.ts";
import { simplePlan } from "../kernel/plan/simple.ts";
import { temporaryFolder } from "../support/temporary.ts";

const root = join(import.meta.dir, "../..");
const isRoot = process.getuid?.() === 0;
const because = "test";

/** An executor with the sanitizers, which speak on its standard error. */
function sanitized(folder: string) {
  const build = spawnSync(process.execPath, [join(root, "scripts/build.ts"), "sanitized"], {
    encoding: "utf8",
  });
  if (build.status !== 0) throw new Error(build.stderr);
  const path = join(folder, "output");
  const fd = openSync(path, "w");
  const executor = openExecutor(join(root, "build/native/inro-native-sanitized"), [fd, fd, fd]);
  closeSync(fd);
  return { executor, output: () => readFileSync(path, "utf8") };
}

test.skipIf(!isRoot)(
  "batches, plans that fail and one that runs make the sanitizers say nothing",
  async () => {
    using folder = temporaryFolder("plan");
    const { executor, output } = sanitized(folder.path);
    const missing = { kind: "openPath", out: 1, path: "/nonexistent", use: "any", because } as const;
    expect((await executor.batch([missing, { ...missing, out: 2 }], { stop: false })).length).toBe(2);
    const unmountable = {
      kind: "fsMount",
      out: 50,
      fstype: "nope",
      source: "x",
      options: ["a=b"],
      attributes: 0,
      because,
    };
    const failing = [
      simplePlan({ candidates: ["/missing"] }),
      simplePlan({ build: [unmountable as never] }),
      simplePlan({
        build: [{ kind: "mask", root: 10, path: "../../x", null: 15, because }],
        directory: "/gone",
      }),
    ];
    for (const plan of failing) await expect(executor.plan(plan)).rejects.toThrow();
    await executor.plan(
      simplePlan({ ...mounting, argv: ["probe", "exit", "9"], useInit: true, env: ["A=b"] }),
    );
    await executor.start();
    expect((await executor.ended).code).toBe(9);
    await executor.close();
    expect(output()).toBe("");
  },
  60_000,
);
