import { expect, test } from "bun:test";
import { readFileSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { openExecutor } from "../../src/kernel/executor/executor.ts";
import { readFacts } from "../../src/runtime/facts.ts";
import { joinMissing } from "../../src/runtime/join-missing.ts";
import { canMakeCgroups, liveCgroups } from "../kernel/cgroup/live.ts";

const NATIVE = join(import.meta.dir, "../../build/native/inro-native");
const list = canMakeCgroups ? readFacts().hierarchies.list : [];
const cpuset = list.find(({ version, controllers }) => version === 1 && controllers.includes("cpuset"));

test.skipIf(cpuset === undefined)(
  "a cgroup that a container joins later is remembered before anything moves into it",
  async () => {
    await using c = liveCgroups();
    const sleeper = Bun.spawn(["sleep", "100"]);
    c.join(sleeper.pid);
    const home = c.set.find(({ controllers }) => controllers.includes("cpuset"))?.path ?? "";
    const cgroups = c.set.filter(({ path }) => path !== home);
    const cgroupPath = `${home.slice((cpuset?.mount ?? "").length)}-later`;
    // None of its cgroups has this name: what the limit needs is all missing.
    const moved = (path: string) => readFileSync(`${path}/cgroup.procs`, "utf8");
    let seen: string | undefined;
    const joined = await joinMissing(
      { cgroups, cgroupPath },
      { cpu: { cpus: "0" } },
      () => openExecutor(NATIVE),
      (set) => {
        seen = moved(set.at(-1)?.path ?? "");
      },
    );
    const added = joined.slice(cgroups.length);
    try {
      expect(added.some(({ controllers }) => controllers.includes("cpuset"))).toBe(true);
      expect(seen).toBe("");
      for (const { path } of added) expect(moved(path)).toBe(`${sleeper.pid}\n`);
    } finally {
      sleeper.kill(9);
      await sleeper.exited;
      for (const { path } of added) rmdirSync(path);
    }
  },
);
