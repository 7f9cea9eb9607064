import { describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { cliEngine, engineMissing } from "../cli/engine.ts";
import { build, lines } from "./building.ts";

describe.skipIf(engineMissing)("a build", () => {
  const cli = cliEngine();

  test("runs, copies and sets; what it makes runs", async () => {
    const Dockerfile = lines(
      ...["FROM busybox AS base", "ARG X=1", "ENV GREETING=hello", "RUN echo $GREETING $X > /made"],
      ...["WORKDIR /work/in", "COPY src/ .", "FROM base", "COPY --from=base /made /copied"],
      ...["RUN <<EOF", "cat /copied a.txt", "EOF", 'CMD ["cat", "/copied", "a.txt"]'],
    );
    const files = { Dockerfile, "src/a.txt": "from the context\n" };
    const query = { t: "made:1", buildargs: JSON.stringify({ X: "two" }) };
    const { error, output, image } = await build(cli.engine, files, query);
    expect({ error, output }).toEqual({ error: "", output: "hello two\nfrom the context\n" });
    expect(await cli.out("run", "--rm", "made:1")).toBe("hello two\nfrom the context\n");
    expect(await cli.out("inspect", "-f", "{{.Id}} {{.Config.WorkingDir}} {{.Config.Env}}", "made:1")).toBe(
      `${image} /work/in [PATH=/bin GREETING=hello]\n`,
    );
  });

  test("that is built again is the same image, from the cache", async () => {
    const files = { Dockerfile: lines("FROM busybox", "RUN echo once > /once", "COPY f /f"), f: "1" };
    const first = await build(cli.engine, files);
    const second = await build(cli.engine, files);
    expect(second.image).toBe(first.image);
    expect([first.ended("RUN echo once > /once"), second.ended("RUN echo once > /once")]).toEqual([
      "done",
      "cached",
    ]);
    const third = await build(cli.engine, { ...files, f: "2" });
    expect([third.ended("RUN echo once > /once"), third.ended("COPY f /f")]).toEqual(["cached", "done"]);
    const fourth = await build(cli.engine, files, { nocache: "1" });
    expect(fourth.ended("RUN echo once > /once")).toBe("done");
  });

  test("runs stages beside each other, and only those that are needed", async () => {
    const meet = (own: string, other: string) =>
      `RUN --mount=type=cache,id=meeting,target=/meet touch /meet/${own}; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do [ -e /meet/${other} ] && touch /${own} && exit 0; sleep 0.5; done; exit 1`;
    const Dockerfile = lines(
      ...["FROM busybox AS a", meet("a", "b"), "FROM busybox AS b", meet("b", "a")],
      ...["FROM busybox AS unused", "RUN exit 7", "FROM busybox", "COPY --from=a /a /", "COPY --from=b /b /"],
    );
    const { error, events } = await build(cli.engine, { Dockerfile });
    expect(error).toBe("");
    const [graph] = events.filter((event) => event.type === "graph");
    expect(JSON.stringify(graph)).not.toContain("exit 7");
  });

  test("makes what two builds want at the same time once", async () => {
    const Dockerfile = lines(
      "FROM busybox",
      "RUN --mount=type=cache,target=/c echo x >> /c/times; sleep 1; cat /c/times",
    );
    const builds = await Promise.all([1, 2, 3].map(() => build(cli.engine, { Dockerfile })));
    expect(builds.map(({ output }) => output)).toEqual(["x\n", "x\n", "x\n"]);
    expect(new Set(builds.map(({ image }) => image)).size).toBe(1);
  });

  test("that fails says which command and how it ended, and keeps nothing of the step", async () => {
    const { error } = await build(cli.engine, {
      Dockerfile: lines("FROM busybox", "RUN echo no > /no; exit 3"),
    });
    expect(error).toBe("The command '/bin/sh -c echo no > /no; exit 3' returned a non-zero code: 3");
    expect(readdirSync(join(cli.engine.dataRoot, "steps"))).toEqual([]);
    expect(readdirSync(join(cli.engine.dataRoot, "build/tmp"))).toEqual([]);
  });

  test("gives a secret to a step, and to no layer, history or cache", async () => {
    const secret = "s3cr3t-of-the-test";
    const Dockerfile = lines(
      "FROM busybox",
      "RUN --mount=type=secret,id=key wc -c < /run/secrets/key; cp /run/secrets/key /dev/shm",
    );
    const headers = { "X-Build-Secrets": btoa(JSON.stringify({ key: btoa(secret) })) };
    const { error, output } = await build(cli.engine, { Dockerfile }, { t: "secretive" }, headers);
    expect({ error, output }).toEqual({ error: "", output: `${secret.length}\n` });
    const found = Bun.spawnSync(["grep", "-rl", secret, cli.engine.dataRoot, cli.engine.execRoot]);
    expect(found.stdout.toString()).toBe("");
    expect(await cli.out("history", "--no-trunc", "secretive")).not.toContain(secret);
    const missing = await build(cli.engine, {
      Dockerfile: lines("FROM busybox", "RUN --mount=type=secret,id=other,required true"),
    });
    expect(missing.error).toContain('the secret "other"');
  });

  test("says what is wrong in a Dockerfile, and where", async () => {
    const files = { Dockerfile: lines("FROM busybox", "RUNN true") };
    expect((await build(cli.engine, files, { progress: "" })).status).toBe(400);
    const { error, events } = await build(cli.engine, files);
    expect(events).toMatchObject([
      { type: "build" },
      { type: "failed", code: "DOCKERFILE_INVALID", step: null },
    ]);
    expect(error).toBe("dockerfile parse error on line 2: unknown instruction: RUNN (did you mean RUN?)");
    const cycle = lines("FROM busybox AS a", "COPY --from=b /x /", "FROM busybox AS b", "COPY --from=a /x /");
    expect((await build(cli.engine, { Dockerfile: cycle })).error).toContain(
      "circular dependency detected on stage",
    );
  });

  test("warns of what docker's checks find, and of build arguments that nothing asks for", async () => {
    const Dockerfile = lines("FROM busybox AS Base", "RUN true");
    const query = { buildargs: JSON.stringify({ NOBODY: "1" }) };
    const { events, image } = await build(cli.engine, { Dockerfile }, query);
    const warnings = events.flatMap((event) => (event.type === "warning" ? [event.warning.message] : []));
    expect(warnings).toEqual([
      "StageNameCasing: Stage name 'Base' should be lowercase (line 1)",
      "One or more build-args [NOBODY] were not consumed",
    ]);
    expect(image).not.toBe("");
    const strict = await build(cli.engine, { Dockerfile: `# check=error=true\n${Dockerfile}` });
    expect(strict.error).toBe("lint violation found for rules: StageNameCasing");
    const only = await build(
      cli.engine,
      { Dockerfile: lines("FROM busybox AS Base", "RUN exit 1") },
      { check: "1" },
    );
    const [report] = only.events.filter((event) => event.type === "checked");
    expect(report).toMatchObject({ findings: 1 });
    expect(only.events.map(({ type }) => type)).toEqual(["checked"]);
  });
});
