import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { debianRoot } from "../support/debian.ts";
import { rootMissing, testEngine } from "../support/engine.ts";
import { ownHost } from "../support/host.ts";

const root = debianRoot("servers");

describe.skipIf(rootMissing || root === undefined)("testcontainers for Node", () => {
  test("starts a PostgreSQL of debootstrap's, which is asked through its port, by exec and by its name", async () => {
    using host = await ownHost();
    await using engine = await testEngine(host);
    const imported = await engine.docker("import", root ?? "", "servers:1");
    expect(imported).toMatchObject({ code: 0, stderr: "" });
    const env = {
      DOCKER_HOST: `unix://${engine.socket}`,
      DOCKER_CONFIG: engine.dataRoot,
      // Its reaper is an image of Docker Hub's.
      TESTCONTAINERS_RYUK_DISABLED: "true",
    };
    const script = join(import.meta.dir, "testcontainers/postgres.mjs");
    const done = await host.run("node", [script, "servers:1"], { env, timeout: 100_000 });
    expect(done).toEqual({ code: 0, stdout: "done\n", stderr: "" });
    expect((await engine.docker("ps", "-aq")).stdout).toBe("");
    expect((await engine.docker("network", "ls", "-q", "-f", "type=custom")).stdout).toBe("");
  }, 180_000);
});
