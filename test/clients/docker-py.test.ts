import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { testEngine } from "../support/engine.ts";
import { ownHost } from "../support/host.ts";
import { toolRoot } from "../support/tools.ts";
import { loadBusybox } from "./busybox.ts";
import { engineMissing } from "./docker.ts";
import { python } from "./python.ts";

describe.skipIf(engineMissing || toolRoot("docker-py") === undefined)("docker-py 5", () => {
  test.each([
    ["containers, exec, attach, archives, events, images, networks and volumes", "test_engine.py", 15],
    ["builds", "test_build.py", 7],
    ["attaching over a web socket", "test_web_socket.py", 8],
  ])(
    "%s",
    async (_title, file, count) => {
      using host = await ownHost();
      await using engine = await testEngine(host);
      await loadBusybox(engine);
      const run = python(host, engine, "docker-py");
      const done = await run(join(import.meta.dir, "docker-py", file));
      expect({ code: done.code, said: done.code === 0 ? "" : done.stderr }).toEqual({ code: 0, said: "" });
      expect(done.stderr).toContain(`Ran ${count} tests`);
    },
    120_000,
  );
});
