import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { busyboxArchive } from "../clients/busybox.ts";
import { type TestEngine, testEngineIn } from "../support/engine.ts";
import { type Host, ownHost } from "../support/host.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { engineMissing } from "./engine.ts";

describe.skipIf(engineMissing)("propagation of a bind, in a mount namespace of the test's own", () => {
  const folder = temporaryFolder("propagation");
  const shared = join(folder.path, "shared");
  let host: Host;
  let engine: TestEngine;
  const ok = async (program: string, ...words: string[]) => {
    const { code, stdout, stderr } = await host.run(program, words);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    return stdout;
  };
  const inside = async (name: string) =>
    (await engine.inro("exec", name, "cat", "/proc/self/mountinfo")).stdout;

  beforeAll(async () => {
    host = await ownHost({ mounts: true });
    engine = await testEngineIn(temporaryFolder("engine"), host);
    await engine.inroWith({ input: busyboxArchive() }, "load");
    mkdirSync(shared);
    await ok("mount", "-t", "tmpfs", "shared", shared);
    await ok("mount", "--make-shared", shared);
    await ok("mkdir", join(shared, "host"), join(shared, "inside"));
  }, 60_000);
  afterAll(async () => {
    await engine?.[Symbol.asyncDispose]();
    host?.[Symbol.dispose]();
    folder[Symbol.dispose]();
  }, 60_000);

  const start = (name: string, propagation: string, ...words: string[]) =>
    engine.inro(
      "run",
      "-d",
      "--name",
      name,
      ...words,
      "--mount",
      `type=bind,src=${shared},dst=/m,bind-propagation=${propagation}`,
      "busybox",
      "sleep",
      "600",
    );

  test("rslave sees what the host mounts later, rshared is seen by it too, rprivate neither", async () => {
    for (const propagation of ["rprivate", "rslave", "rshared"])
      expect((await start(propagation, propagation, "--privileged")).code).toBe(0);
    await ok("mount", "-t", "tmpfs", "later", join(shared, "host"));
    expect(await inside("rprivate")).not.toContain(" /m/host ");
    expect(await inside("rslave")).toContain(" /m/host ");
    expect(await inside("rshared")).toContain(" /m/host ");
    const mount = (name: string) =>
      engine.inro("exec", name, "/bin/busybox", "mount", "-t", "tmpfs", name, "/m/inside");
    for (const name of ["rprivate", "rslave"]) {
      expect((await mount(name)).code).toBe(0);
      expect(await ok("cat", "/proc/self/mountinfo")).not.toContain(join(shared, "inside"));
    }
    expect((await mount("rshared")).code).toBe(0);
    expect(await ok("cat", "/proc/self/mountinfo")).toContain(join(shared, "inside"));
    await engine.inro("rm", "-f", "rprivate", "rslave", "rshared");
  }, 30_000);

  test("shared of what the host does not share, slave of what it keeps to itself: refused, as dockerd does", async () => {
    await ok("mount", "--make-private", shared);
    for (const propagation of ["shared", "rshared", "slave", "rslave"]) {
      const refused = await start(`no-${propagation}`, propagation);
      expect(refused.code).toBe(125);
      expect(refused.stderr).toContain(
        `not a ${propagation.endsWith("shared") ? "shared mount" : "shared or slave mount"}`,
      );
    }
    await engine.inro("rm", ...["shared", "rshared", "slave", "rslave"].map((name) => `no-${name}`));
    expect((await start("yes", "private")).code).toBe(0);
    await engine.inro("rm", "-f", "yes");
  }, 30_000);
});
