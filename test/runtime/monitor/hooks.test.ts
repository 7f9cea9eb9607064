import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { HookPhase, SpecHook } from "../../../src/oci/runtime-spec.ts";
import { canRun, removeTestCgroups, type TestContainer, testContainer, type Wish } from "../container.ts";
import { gone, until } from "./container.ts";

afterAll(removeTestCgroups);

const sh = (script: string): SpecHook => ({
  path: "/bin/sh",
  args: ["sh", "-c", script],
  env: ["PATH=/bin:/usr/bin"],
});

const PHASES: readonly HookPhase[] = [
  "prestart",
  "createRuntime",
  "createContainer",
  "poststart",
  "poststop",
];

/** Hooks that write into the test's own folder, which they have to be told of. */
async function withHooks(wish: Wish, hooks: (notes: string) => Partial<Record<HookPhase, SpecHook[]>>) {
  const c = await testContainer(wish);
  const notes = join(c.folder, "notes");
  Object.assign(c.request, { spec: { ...c.request.spec, hooks: hooks(notes) } });
  // The file is there a moment before what a hook writes into it.
  const lines = () => (existsSync(notes) ? [...(readFileSync(notes, "utf8").match(/.+/g) ?? [])] : []);
  return { c, lines };
}

const each = (notes: string) =>
  Object.fromEntries(PHASES.map((phase) => [phase, [sh(`echo ${phase} >>${notes}`)]]));

/** The monitor's pid. */
function parentOf(c: TestContainer): number {
  const { pid } = JSON.parse(readFileSync(join(c.folder, "plan.json"), "utf8")) as { pid: number };
  return Number(/^PPid:\t(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
}

describe.skipIf(!canRun)("hooks of a container with a monitor", () => {
  test("are called in their order, the last by the monitor when the end is told", async () => {
    const { c, lines } = await withHooks({ script: "sleep 0.3; exit 4" }, each);
    await using _ = c;
    const container = await c.create();
    expect(lines()).toEqual(PHASES.slice(0, 3));
    await container.start();
    expect(lines().slice(0, 4)).toEqual(PHASES.slice(0, 4));
    expect((await container.exited).code).toBe(4);
    await until(() => lines().length === 5, "the poststop hook is called");
    expect(lines()).toEqual([...PHASES]);
  });

  test("find a bundle with the container's specification and root", async () => {
    const { c, lines } = await withHooks({}, (notes) => ({
      createRuntime: [sh(`cat >${notes}; cat config.json >>${notes}`)],
    }));
    await using _ = c;
    await c.create();
    const [state, config] = lines().join("").split("}{");
    expect(JSON.parse(`${state}}`)).toMatchObject({ id: c.id, status: "creating", bundle: c.folder });
    expect(JSON.parse(`{${config}`).root.path).toBe(c.rootfs);
  });

  test("that fail before the program runs leave nothing but the poststop hooks' work", async () => {
    for (const phase of ["prestart", "createContainer"] as const) {
      const { c, lines } = await withHooks({}, (notes) => ({
        [phase]: [sh("echo no luck; exit 9")],
        poststop: [sh(`echo poststop >>${notes}`)],
      }));
      await using _ = c;
      await expect(c.create()).rejects.toMatchObject({
        code: "HOOK_FAILED",
        at: `/hooks/${phase}/0`,
        message: `the ${phase} hook "/bin/sh" failed: it ended with exit code 9: no luck`,
      });
      expect(lines()).toEqual(["poststop"]);
    }
  });

  test("are not called for what never came so far", async () => {
    const { c, lines } = await withHooks({ process: { cwd: "/proc/self" } }, (notes) => ({
      poststop: [sh(`echo poststop >>${notes}`)],
    }));
    await using _ = c;
    Object.assign(c.request.spec, { mounts: [{ destination: "/x", type: "nosuch", source: "x" }] });
    await expect(c.create()).rejects.toMatchObject({ code: "MOUNT_FAILED" });
    expect(lines()).toEqual([]);
  });

  test("that fail after the start end the container", async () => {
    const { c, lines } = await withHooks({ script: "sleep 1000" }, (notes) => ({
      poststart: [sh("exit 1"), sh(`echo second >>${notes}`)],
      poststop: [sh(`echo poststop >>${notes}`)],
    }));
    await using _ = c;
    const container = await c.create();
    await expect(container.start()).rejects.toMatchObject({ code: "HOOK_FAILED", at: "/hooks/poststart/0" });
    expect((await container.exited).signal).toBe(9);
    await until(() => lines().length > 0, "the poststop hook is called");
    expect(lines()).toEqual(["poststop"]);
  });

  test("of the start that fail are the start's error", async () => {
    const { c } = await withHooks({}, () => ({ startContainer: [sh("echo not today; exit 2")] }));
    await using _ = c;
    const container = await c.create();
    await expect(container.start()).rejects.toMatchObject({
      code: "HOOK_FAILED",
      message: 'the startContainer hook "/bin/sh" failed: it ended with exit code 2: not today',
    });
    await container.exited;
  });

  test("of the end that fail are told in the container's log, and the others are called", async () => {
    const { c, lines } = await withHooks({ script: "echo out" }, (notes) => ({
      poststop: [sh("echo sorry; exit 6"), sh(`echo second >>${notes}`)],
    }));
    await using _ = c;
    await c.run();
    await until(() => c.output().includes("poststop"), "the log tells of it");
    expect(c.output()).toBe("out\ninro: the poststop hook /bin/sh: it ended with exit code 6: sorry\n");
    expect(lines()).toEqual(["second"]);
  });

  test("of the end are called by the engine when the monitor was killed", async () => {
    const { c, lines } = await withHooks({ script: "sleep 1000" }, each);
    await using _ = c;
    const container = await c.create();
    await container.start();
    const monitor = parentOf(c);
    process.kill(monitor, "SIGKILL");
    await gone(monitor);
    await container.exited.catch(() => {});
    await c.runtime.undo(c.folder);
    expect(lines()).toEqual([...PHASES]);
  });
});
