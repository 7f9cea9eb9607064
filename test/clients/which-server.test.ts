import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { docker as dockerd } from "../../bench/contenders/docker.ts";
import { write } from "../build/building.ts";
import { rootMissing, type TestEngine, testEngine } from "../support/engine.ts";
import { machine } from "../support/host.ts";
import { toolRoot } from "../support/tools.ts";
import { busyboxMissing, busyboxTar, loadBusybox } from "./busybox.ts";
import { type Peer, peer } from "./peer.ts";

const missing = rootMissing || busyboxMissing || toolRoot("dockerd") === undefined;

describe.skipIf(missing)("which server the command line speaks to", () => {
  const host = machine();
  let docker: Peer;
  let engine: TestEngine;
  let socket: string;
  let config: string;
  const inro = (env: Record<string, string>, ...words: string[]) =>
    host.run(engine.command[0] ?? "", words, { env: { DOCKER_CONFIG: config, ...env } });
  const foreign = (by: string) =>
    expect.stringMatching(
      new RegExp(`^inro: this is Docker/[^\\n]* \\(${by}\\), not an engine of inro's\\n$`),
    );
  const name = ["ps", "-a", "--format", "{{.Names}}"];

  beforeAll(async () => {
    const cgroups = `inro-test-which-${process.pid}`;
    docker = await peer({
      start: async (folder) => {
        const started = await dockerd(folder, ["--cgroup-parent", `/${cgroups}`]);
        socket = started?.socket ?? "";
        return started;
      },
      takeAway: async (cli) => {
        const ids = (await cli("ps", "-aq")).stdout.split("\n").filter(Boolean);
        if (ids.length > 0) await cli("rm", "-f", ...ids);
      },
      cgroups,
    });
    await docker.withInput(busyboxTar(), "import", "-", "busybox");
    await docker("create", "--name", "theirs", "busybox", "true");
    engine = await testEngine(host);
    await loadBusybox(engine);
    await engine.inro("create", "--name", "ours", "busybox", "true");
    config = join(docker.path, "config");
    mkdirSync(config);
    const context = (...words: string[]) =>
      host.run("docker", ["--config", config, "context", ...words], { env: { DOCKER_HOST: "" } });
    for (const [context_, at] of [
      ["lab", socket],
      ["mine", engine.socket],
    ]) {
      const made = await context("create", context_ ?? "", "--docker", `host=unix://${at}`);
      if (made.code !== 0) throw new Error(made.stderr);
    }
    await context("use", "lab");
  }, 60_000);

  afterAll(async () => {
    await engine?.[Symbol.asyncDispose]();
    await docker?.[Symbol.asyncDispose]();
  }, 60_000);

  test("-H before --context, INRO_HOST, DOCKER_HOST, DOCKER_CONTEXT and the context that is in use", async () => {
    const theirs = (by: string) => ({ code: 0, stdout: "theirs\n", stderr: foreign(by) });
    const ours = { code: 0, stdout: "ours\n", stderr: "" };
    const [at, mine] = [`unix://${socket}`, `unix://${engine.socket}`];
    expect(await inro({}, ...name)).toEqual(theirs('the docker context "lab"'));
    expect(await inro({ DOCKER_CONTEXT: "mine" }, ...name)).toEqual(ours);
    expect(await inro({ DOCKER_CONTEXT: "mine", DOCKER_HOST: at }, ...name)).toEqual(theirs("DOCKER_HOST"));
    expect(await inro({ DOCKER_HOST: at, INRO_HOST: mine }, ...name)).toEqual(ours);
    expect(await inro({ INRO_HOST: mine }, "--context", "lab", ...name)).toEqual(
      theirs('the docker context "lab"'),
    );
    expect(await inro({ INRO_HOST: mine }, "-H", at, ...name)).toEqual(theirs("-H"));
    // Who names an engine's folders means that one.
    const place = ["--data-root", engine.dataRoot, "--exec-root", engine.execRoot];
    expect(await inro({ DOCKER_HOST: at }, ...place, ...name)).toEqual(ours);
  });

  test("an older server is spoken to in the version that it knows, streams and uploads too", async () => {
    const on = { DOCKER_HOST: `unix://${socket}` };
    const run = await host.run(
      engine.command[0] ?? "",
      ["run", "--rm", "-i", "busybox", "sh", "-c", "cat; exit 3"],
      { env: { DOCKER_CONFIG: config, ...on }, input: "piped" },
    );
    expect(run).toEqual({ code: 3, stdout: "piped", stderr: foreign("DOCKER_HOST") });
    expect(await inro(on, "run", "--rm", "busybox", "sh", "-c", "echo out; echo err >&2")).toMatchObject({
      stdout: "out\n",
      stderr: expect.stringMatching(/\nerr\n$/),
    });
    await inro(on, "run", "-d", "--name", "says", "busybox", "sh", "-c", "echo one; sleep 600");
    expect((await inro(on, "exec", "says", "echo", "two")).stdout).toBe("two\n");
    expect((await inro(on, "logs", "says")).stdout).toBe("one\n");
    expect((await inro(on, "version", "--format", "{{.Server.Version}}")).stdout).toMatch(/^\d+\.\d+/);
    const [file, back] = [join(config, "config.json"), join(docker.path, "back")];
    expect(await inro(on, "cp", file, "theirs:/tmp/there")).toMatchObject({ code: 0 });
    expect(await inro(on, "cp", "theirs:/tmp/there", back)).toMatchObject({ code: 0 });
    expect(await Bun.file(back).text()).toBe(await Bun.file(file).text());
    const ownVerb = await inro(on, "explain", "theirs");
    expect(ownVerb).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("this needs inro's own engine"),
    });
  }, 30_000);

  test("builds there, of what is sent and not ignored", async () => {
    const on = { DOCKER_HOST: `unix://${socket}` };
    const folder = join(docker.path, "context");
    write(folder, {
      Dockerfile: "FROM busybox\nARG WHO\nCOPY . /app\nRUN echo hello $WHO; ls -A /app\n",
      ".dockerignore": "*.log\n",
      "a.txt": "a",
      "b.log": "b",
      "fails/Dockerfile": "FROM busybox\nRUN exit 5\n",
    });
    const built = await inro(on, "build", "--build-arg", "WHO=there", "-t", "there:1", folder);
    expect(built).toMatchObject({ code: 0, stdout: "" });
    expect(built.stderr).toContain("hello there\n.dockerignore\nDockerfile\na.txt\nfails\n");
    const list = ["run", "--rm", "there:1", "ls", "-A", "/app"];
    expect((await inro(on, ...list)).stdout).toBe(".dockerignore\nDockerfile\na.txt\nfails\n");
    const typed = await host.run(
      engine.command[0] ?? "",
      ["build", "-q", "-t", "there:2", "-f", "-", folder],
      {
        env: { DOCKER_CONFIG: config, ...on },
        input: "FROM busybox\nCOPY . /app\n",
      },
    );
    expect(typed.stdout).toMatch(/^sha256:[0-9a-f]{64}\n$/);
    expect((await inro(on, "run", "--rm", "there:2", "ls", "-A", "/app")).stdout).toBe(
      ".dockerignore\nDockerfile\na.txt\nfails\n",
    );
    const fails = await inro(on, "build", join(folder, "fails"));
    expect(fails).toMatchObject({ code: 1, stderr: expect.stringContaining("returned a non-zero code: 5") });
    const ours = await inro(on, "build", "--timestamp", "1", folder);
    expect(ours).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("--timestamp needs inro's own engine"),
    });
  }, 60_000);

  test("a server that cannot be used is told with who named it", async () => {
    const message = async (env: Record<string, string>, ...words: string[]) => {
      const { code, stderr } = await inro(env, ...words, "ps");
      expect(code).toBe(1);
      return stderr;
    };
    expect(await message({ DOCKER_HOST: "tcp://10.0.0.1:2375" })).toContain(
      'cannot use "tcp://10.0.0.1:2375" as the engine\'s address: DOCKER_HOST names it, and only unix sockets',
    );
    expect(await message({ DOCKER_HOST: "unix:///nowhere/x.sock" })).toContain(
      "nobody listens on /nowhere/x.sock, which DOCKER_HOST names",
    );
    expect(await message({ DOCKER_CONTEXT: "gone" })).toContain(
      'cannot use the docker context "gone": context not found',
    );
    expect(await message({}, "-H", engine.socket, "--context", "lab")).toContain(
      "--host and --context both name one",
    );
  });
});
