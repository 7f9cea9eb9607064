import { describe, expect, test } from "bun:test";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chownSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { locate, parseControllers, unifiedOf } from "../../src/kernel/cgroup/hierarchies.ts";
import { readFacts } from "../../src/runtime/facts.ts";
import { canRun } from "./container.ts";

const USER = 4321;
const { hierarchies } = readFacts();
const unified = unifiedOf(hierarchies);
const program = join(import.meta.dir, "delegated.ts");
const as = { uid: USER, gid: USER, env: { HOME: "/nonexistent", PATH: "/usr/bin:/bin" } };
/** A checkout in somebody's home cannot be read by another user. */
const canRead =
  canRun && spawnSync(process.execPath, ["-e", `require.resolve("${program}")`], as).status === 0;

/** cgroup-v2.rst, "Delegation": a folder of the user's, in which his own processes have one of theirs. */
function delegate(mount: string): Disposable & { readonly path: string } {
  const path = `/inro-test-delegated-${process.pid}`;
  const words = readFileSync(`${mount}/cgroup.controllers`, "utf8").trim().split(" ").filter(Boolean);
  const enable = (folder: string) =>
    writeFileSync(`${folder}/cgroup.subtree_control`, words.map((word) => `+${word}`).join(" "));
  enable(mount);
  for (const folder of [path, `${path}/shell`]) {
    mkdirSync(mount + folder);
    for (const file of ["", "/cgroup.procs", "/cgroup.subtree_control", "/cgroup.threads"])
      chownSync(`${mount}${folder}${file}`, USER, USER);
  }
  return {
    path,
    [Symbol.dispose]: () => {
      rmdirSync(`${mount}${path}/shell`);
      rmdirSync(mount + path);
    },
  };
}

describe.skipIf(!canRead || unified === undefined)("a user to whom a cgroup was delegated", () => {
  test("makes cgroups with limits beside his own, and is told which controllers he was not given", async () => {
    const mount = unified?.mount ?? "";
    using given = delegate(mount);
    const user = spawn(process.execPath, [program], { ...as, stdio: ["pipe", "pipe", "inherit"] });
    writeFileSync(`${mount}${given.path}/shell/cgroup.procs`, String(user.pid));
    user.stdin.end("\n");
    const said = Buffer.concat(await user.stdout.toArray()).toString();
    if (user.exitCode === null) await once(user, "exit");
    const controllers = parseControllers(readFileSync(`${mount}/cgroup.controllers`, "utf8"));
    const answer = JSON.parse(said) as { errnos: number[]; refused: string };
    expect(answer).toMatchObject({
      parent: `${given.path}/inro-runtime`,
      hierarchies: [2],
      controllers,
    });
    expect(answer.errnos).toEqual(Array(controllers.includes("pids") ? 4 : 3).fill(0));
    if (locate(hierarchies, "rdma")?.version !== 2)
      expect(answer.refused).toStartWith(
        'cannot set rdma.max to mlx5_0 hca_handle=1: there is no "rdma" controller here',
      );
  });
});
