import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { testEngine } from "../support/engine.ts";
import { ownHost } from "../support/host.ts";
import { toolRoot } from "../support/tools.ts";
import { loadBusybox } from "./busybox.ts";
import { engineMissing } from "./docker.ts";

const packages = toolRoot("docker-py");

describe.skipIf(engineMissing || packages === undefined)("docker-py 5", () => {
  test("containers, exec, attach, archives, events, images, networks and volumes", async () => {
    using host = await ownHost();
    await using engine = await testEngine(host);
    await loadBusybox(engine);
    const env = {
      DOCKER_HOST: `unix://${engine.socket}`,
      PYTHONPATH: join(packages ?? "", "usr/lib/python3/dist-packages"),
      PYTHONDONTWRITEBYTECODE: "1",
    };
    const done = await host.run(
      "/usr/bin/python3",
      ["-W", "ignore", join(import.meta.dir, "docker-py/test_engine.py")],
      { env },
    );
    expect({ code: done.code, said: done.code === 0 ? "" : done.stderr }).toEqual({ code: 0, said: "" });
    expect(done.stderr).toContain("Ran 15 tests");
  }, 120_000);
});
