import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { write } from "../build/building.ts";
import { debianRoot } from "../support/debian.ts";
import { rootMissing, type TestEngine, testEngine } from "../support/engine.ts";
import { type Host, ownHost } from "../support/host.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { busyboxMissing, loadBusybox } from "./busybox.ts";

const root = debianRoot("servers");

describe.skipIf(rootMissing)("testcontainers for Node", () => {
  const run = (host: Host, engine: TestEngine, script: string, ...words: string[]) => {
    const env = {
      DOCKER_HOST: `unix://${engine.socket}`,
      DOCKER_CONFIG: engine.dataRoot,
      // Its reaper is an image of Docker Hub's.
      TESTCONTAINERS_RYUK_DISABLED: "true",
    };
    const path = join(import.meta.dir, "testcontainers", script);
    return host.run("node", [path, ...words], { env, timeout: 100_000 });
  };

  test.skipIf(busyboxMissing)(
    "builds a Dockerfile and starts what it makes",
    async () => {
      using host = await ownHost();
      using folder = temporaryFolder("context");
      await using engine = await testEngine(host);
      await loadBusybox(engine);
      write(folder.path, {
        "Serve.Dockerfile": [
          ...["FROM busybox AS server", "ARG PAGE", "RUN echo $PAGE > /index.html", "EXPOSE 8080"],
          ...['CMD ["busybox", "httpd", "-f", "-p", "8080", "-h", "/"]', "FROM busybox", "RUN exit 1", ""],
        ].join("\n"),
        "Bad.Dockerfile": "FROM busybox\nRUN exit 6\n",
      });
      const done = await run(host, engine, "build.mjs", folder.path);
      expect(done).toEqual({ code: 0, stdout: "done\n", stderr: "" });
      expect((await engine.docker("ps", "-aq")).stdout).toBe("");
    },
    120_000,
  );

  test.skipIf(root === undefined)(
    "starts a PostgreSQL of debootstrap's, which is asked through its port, by exec and by its name",
    async () => {
      using host = await ownHost();
      await using engine = await testEngine(host);
      const imported = await engine.docker("import", root ?? "", "servers:1");
      expect(imported).toMatchObject({ code: 0, stderr: "" });
      const done = await run(host, engine, "postgres.mjs", "servers:1");
      expect(done).toEqual({ code: 0, stdout: "done\n", stderr: "" });
      expect((await engine.docker("ps", "-aq")).stdout).toBe("");
      expect((await engine.docker("network", "ls", "-q", "-f", "type=custom")).stdout).toBe("");
    },
    180_000,
  );
});
