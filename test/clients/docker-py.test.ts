import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { testEngine } from "../support/engine.ts";
import { ownHost } from "../support/host.ts";
import { toolRoot } from "../support/tools.ts";
import { loadBusybox } from "./busybox.ts";
import { engineMissing } from "./docker.ts";

const packages = toolRoot("docker-py");

describe.skipIf(engineMissing || packages === undefined)("docker-py 5", () => {
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
      const env = {
        DOCKER_HOST: `unix://${engine.socket}`,
        PYTHONPATH: join(packages ?? "", "usr/lib/python3/dist-packages"),
        PYTHONDONTWRITEBYTECODE: "1",
      };
      const script = join(import.meta.dir, "docker-py", file);
      const done = await host.run("/usr/bin/python3", ["-W", "ignore", script], { env });
      expect({ code: done.code, said: done.code === 0 ? "" : done.stderr }).toEqual({ code: 0, said: "" });
      expect(done.stderr).toContain(`Ran ${count} tests`);
    },
    120_000,
  );
});
