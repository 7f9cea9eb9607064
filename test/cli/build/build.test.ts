import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { join } from "node:path";
import { write } from "../../build/building.ts";
import { machine } from "../../support/host.ts";
import { registry } from "../../support/registry.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import { cliEngine, engineMissing } from "../engine.ts";

describe.skipIf(engineMissing)("inro build", () => {
  const cli = cliEngine();
  let folder: ReturnType<typeof temporaryFolder>;
  beforeAll(() => {
    folder = temporaryFolder("build");
    write(folder.path, {
      "app/Dockerfile":
        "FROM busybox AS first\nARG WHO=nobody\nRUN echo hello $WHO > /who\nFROM first\nCOPY . /app\n",
      "app/a.txt": "a",
      "app/hidden.txt": "h",
      "app/.dockerignore": "hidden.txt\n",
      "fails/Dockerfile": "FROM busybox\nRUN echo before; \\\n    exit 3\n",
      "other.Dockerfile": "FROM busybox\nCOPY . /app\nRUN echo other > /other\n",
      "other.Dockerfile.dockerignore": "a.txt\n",
    });
  });
  afterAll(() => folder[Symbol.dispose]());
  const at = (name: string) => join(folder.path, name);
  const run = (image: string, ...words: string[]) => cli.out("run", "--rm", image, ...words);
  const noSteps = async () => {
    for (let tries = 0; readdirSync(join(cli.engine.dataRoot, "steps")).length > 0; tries++) {
      if (tries > 400) expect.unreachable("the step is still there");
      await Bun.sleep(25);
    }
  };

  test("names the image, writes its id, and says on standard error what happened", async () => {
    const words = [
      "-t",
      "one:1",
      "--iidfile",
      at("id"),
      "--build-arg",
      "WHO=you",
      "--label",
      "a=b",
      at("app"),
    ];
    const { code, stdout, stderr } = await cli.inro("build", ...words);
    expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
    expect(stderr).toMatch(/#2 \[first 2\/2\] RUN echo hello \$WHO > \/who\n#2 DONE \d/);
    const id = readFileSync(at("id"), "utf8");
    expect(await cli.out("inspect", "-f", "{{.Id}} {{.Config.Labels.a}}", "one:1")).toBe(`${id} b\n`);
    expect(stderr).toContain(`built ${id} in `);
    expect(await run("one:1", "sh", "-c", "cat /who; ls /app")).toBe("hello you\nDockerfile\na.txt\n");
  });

  test("takes an argument of its own environment, and prints the id alone with -q", async () => {
    const words = ["build", "-q", "-t", "env:1", "--build-arg", "WHO", "--build-arg", "NOT_THERE", at("app")];
    const { code, stdout, stderr } = await cli.engine.inroWith({ env: { WHO: "env" } }, ...words);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^sha256:[0-9a-f]{64}\n$/);
    expect(await run("env:1", "cat", "/who")).toBe("hello env\n");
  });

  test("reads a Dockerfile of another folder, with the .dockerignore beside it", async () => {
    expect((await cli.inro("build", "-t", "far:1", "-f", at("other.Dockerfile"), at("app"))).code).toBe(0);
    expect(await run("far:1", "ls", "/app")).toBe("Dockerfile\nhidden.txt\n");
  });

  test("reads the Dockerfile or the context from standard input", async () => {
    const dockerfile = "FROM busybox\nCOPY a.txt /typed\n";
    const typed = await cli.engine.inroWith(
      { input: dockerfile },
      "build",
      "-t",
      "typed:1",
      "-f",
      "-",
      at("app"),
    );
    expect(typed.code).toBe(0);
    expect(await run("typed:1", "cat", "/typed")).toBe("a");
    const alone = await cli.engine.inroWith(
      { input: "FROM busybox\nENV X=1\n" },
      "build",
      "-t",
      "alone:1",
      "-",
    );
    expect(alone.code).toBe(0);
    const tar = Bun.spawnSync(["tar", "-C", at("app"), "-cz", "."]).stdout;
    const sent = await cli.engine.inroWith({ input: tar }, "build", "-t", "sent:1", "-");
    expect(sent.stderr).toContain("built sha256:");
    expect(await run("sent:1", "ls", "/app")).toBe("Dockerfile\na.txt\n");
  });

  test("sends what the engine does not see as it does: another mount namespace builds its own folder", async () => {
    const script = `mount --bind ${at("app")} ${at("fails")} && exec "$@"`;
    const words = [
      "unshare",
      "-m",
      "sh",
      "-c",
      script,
      "sh",
      ...cli.engine.command,
      "build",
      "-t",
      "ns:1",
      at("fails"),
    ];
    const { exitCode, stderr } = Bun.spawnSync(words);
    expect({ exitCode, stderr: stderr.toString() }).toMatchObject({
      exitCode: 0,
      stderr: expect.stringMatching(
        /^#1 \[context\] sent to the engine\n#1 sent [\d.k]+B \/ [\d.k]+B\n#1 DONE /,
      ),
    });
    expect(await run("ns:1", "ls", "/app")).toBe("Dockerfile\na.txt\n");
    const other = [...words.slice(0, -1), "--build-context", `x=${at("fails")}`, at("slow")];
    write(folder.path, { "slow/Dockerfile": "FROM busybox\nCOPY --from=x . /x\n" });
    const refused = Bun.spawnSync(other).stderr.toString();
    expect(refused).toContain("the engine does not see the folder that the client sees there");
    const here = ["build", "-t", "ctx:1", "--build-context", `x=${at("app")}`, at("slow")];
    expect((await cli.inro(...here)).code).toBe(0);
    expect(await run("ctx:1", "ls", "/x")).toContain("a.txt");
  });

  test("tells programs what happens, as the environment asks for it", async () => {
    const raw = await cli.engine.inroWith({ env: { BUILDKIT_PROGRESS: "rawjson" } }, "build", at("app"));
    const lines = raw.stderr
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { type: string });
    expect(lines.map(({ type }) => type).filter((type) => !["started", "ended"].includes(type))).toEqual([
      "build",
      "graph",
      "image",
    ]);
    const quiet = await cli.inro("build", "--progress=quiet", at("app"));
    expect(quiet).toMatchObject({ code: 0, stdout: expect.stringMatching(/^sha256:/), stderr: "" });
    const loud = await cli.inro("build", "--explain", at("app"));
    expect(loud.stderr).toContain("CACHED (nothing has changed since it was made at 20");
  });

  test("gives a secret to a step", async () => {
    const input =
      "FROM busybox\nRUN --mount=type=secret,id=a --mount=type=secret,id=b sha1sum < /run/secrets/a | cut -c-8; wc -c < /run/secrets/b\n";
    write(folder.path, { large: "x".repeat(400_000) });
    const words = ["--secret", `id=b,src=${at("large")}`, "--secret", "id=a,env=KEY", "--no-cache", "-"];
    const { code, stderr } = await cli.engine.inroWith({ input, env: { KEY: "abc" } }, "build", ...words);
    expect(stderr).toContain(" a9993e36\n");
    expect(stderr).toContain(" 400000\n");
    expect(code).toBe(0);
  });

  test("that fails shows the lines of the Dockerfile, the last output and how the program ended", async () => {
    const { code, stdout, stderr } = await cli.inro("build", at("fails"));
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain(" > [2/2] RUN echo before");
    expect(stderr).toContain(" │ before\n");
    expect(stderr).toContain("   2 | >>> RUN echo before; \\\n   3 | >>>     exit 3\n");
    expect(stderr).toMatch(/did not complete successfully: exit code: 3\n$/);
    const wrong = await cli.engine.inroWith({ input: "FROM busybox\nRUNN x\n" }, "build", "-");
    expect(wrong.stderr).toContain("   2 | >>> RUNN x\n     |     ^^^^");
    expect(wrong.stderr).toContain("unknown instruction: RUNN (did you mean RUN?)");
  });

  test("writes the files of a stage to a folder or a tar, and the image as an archive", async () => {
    const input =
      "FROM scratch AS files\nCOPY a.txt /etc/a\nCOPY --chmod=4755 a.txt /bin/tool\nFROM busybox\nRUN ln -s /etc/passwd /link; mkdir -m 0500 /closed; echo in > /closed/in\n";
    const words = [
      "build",
      "-f",
      "-",
      "--target",
      "files",
      "-o",
      at("out"),
      "-o",
      `type=tar,dest=${at("out.tar")}`,
    ];
    const { code, stderr } = await cli.engine.inroWith({ input }, ...words, at("app"));
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(readFileSync(at("out/etc/a"), "utf8")).toBe("a");
    expect(statSync(at("out/bin/tool")).mode & 0o7777).toBe(0o4755);
    expect(Bun.spawnSync(["tar", "-tf", at("out.tar")]).stdout.toString()).toContain("etc/a\n");
    const last = ["build", "-t", "arch:1", "-f", "-", "-o", at("whole"), "-o", "type=oci,dest=-", at("app")];
    const archive = await cli.engine.inroWith({ input }, ...last);
    expect(archive.code).toBe(0);
    expect(archive.stdout).toContain("oci-layout");
    expect(readFileSync(at("whole/closed/in"), "utf8")).toBe("in\n");
    expect(readlinkSync(at("whole/link"))).toBe("/etc/passwd");
    expect(readdirSync(join(cli.engine.dataRoot, "build/tmp"))).toEqual([]);
  });

  test("tells programs what came of it, and pushes what has a name", async () => {
    await using shop = await registry(machine());
    const name = `${shop.address}/meta:1`;
    const words = ["build", "-t", name, "--push", "--metadata-file", at("meta.json"), at("app")];
    const pushed = await cli.inro(...words);
    expect(pushed).toMatchObject({ code: 0, stdout: "" });
    const id = (await cli.out("inspect", "-f", "{{.Id}}", name)).trim();
    expect(JSON.parse(readFileSync(at("meta.json"), "utf8"))).toMatchObject({
      "containerimage.config.digest": id,
      "image.name": name,
    });
    await cli.out("rmi", name);
    expect((await cli.inro("pull", name)).code).toBe(0);
    const unnamed = await cli.inro("build", "--push", at("app"));
    expect(unnamed).toMatchObject({ code: 1, stderr: expect.stringContaining("there is no name to push") });
  });

  test("only checks a Dockerfile, and prints what was found as docker does", async () => {
    const input = "from busybox\nRUN true\n";
    const found = await cli.engine.inroWith({ input }, "build", "--check", "-f", "-", at("app"));
    expect({ code: found.code, stderr: found.stderr }).toEqual({ code: 1, stderr: "" });
    expect(found.stdout).toMatch(
      /^Check complete, 1 warning has been found!\n\nWARNING: ConsistentInstructionCasing/,
    );
    const json = await cli.engine.inroWith(
      { input },
      "build",
      "--call=check,format=json",
      "-f",
      "-",
      at("app"),
    );
    expect(JSON.parse(json.stdout)).toMatchObject({
      warnings: [{ ruleName: "ConsistentInstructionCasing" }],
    });
    expect(await cli.out("build", "--check", at("app"))).toBe("Check complete, no warnings found.\n");
  });

  test("is found again, with all that it told", async () => {
    await cli.inro("build", "-t", "logged:1", at("fails"));
    await cli.inro("build", "-t", "logged:2", "--no-cache", at("app"));
    const rows = (
      await cli.out("builder", "ls", "--format", "{{.State}} {{.Names}} {{.Context}} {{.Image}}")
    ).split("\n");
    const id = (await cli.out("inspect", "-f", "{{.Id}}", "logged:2")).slice(7, 19);
    expect(rows.slice(0, 2)).toEqual([`done logged:2 ${at("app")} ${id}`, `failed logged:1 ${at("fails")} `]);
    expect(await cli.out("builder", "logs")).toMatch(
      /^#1 \[first 1\/2\] FROM busybox AS first\n#1 CACHED\n[\s\S]*built sha256:/,
    );
    const [, failed = ""] = (await cli.out("builder", "ls", "-q")).split("\n");
    const log = await cli.out("builder", "logs", failed.slice(0, 10));
    expect(log).toContain(" before\n");
    expect(log).toContain(">>>     exit 3\n");
    expect(await cli.inro("builder", "logs", "zz")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("zz"),
    });
  });

  test("refuses what it cannot do, and names what was meant", async () => {
    const cases: readonly (readonly [string[], RegExp, number])[] = [
      [["--targte", "x", "."], /unknown option --targte: did you mean --target\?/, 125],
      [["/no/such"], /there is no folder "\/no\/such"/, 1],
      [["-f", "/no/such", at("app")], /there is no Dockerfile "\/no\/such"/, 1],
      [["--secret", "src=x", at("app")], /it has no id/, 125],
      [["--secret", "id=x,src=/no/such", at("app")], /cannot read "\/no\/such"/, 125],
      [["--progress", "fancy", at("app")], /there are auto, tty, plain/, 125],
      [["-o", "type=zip", at("app")], /there is no type "zip"/, 125],
      [["--squash", at("app")], /layers are not squashed/, 1],
      [["--platform", "linux/amd64,linux/arm64", at("app")], /one at a time/, 125],
      [[folder.path], /has no Dockerfile/, 1],
      [["--cache-to", "type=registry,ref=x", at("app")], /write type=local,dest=FOLDER/, 1],
      [["--security-opt", "seccomp=unconfined", at("app")], /confined as containers are/, 1],
      [["--isolation", "hyperv", at("app")], /only the default isolation/, 1],
      [["--on-error", "cry", at("app")], /there are end, shell/, 125],
      [["--call", "checks", at("app")], /there are build, check, and check,format=json/, 125],
      [["--call", "check,format=xml", at("app")], /there are build, check, and check,format=json/, 125],
    ];
    for (const [words, pattern, status] of cases) {
      const { code, stderr } = await cli.inro("build", ...words);
      expect(stderr).toMatch(pattern);
      expect({ words, code }).toEqual({ words, code: status });
    }
  });

  test("opens a shell in the files of a step that failed, and ends with it or without it", async () => {
    write(folder.path, {
      "broken/Dockerfile": "FROM busybox\nENV WHERE=inside\nWORKDIR /work\nRUN echo made > left; exit 7\n",
    });
    using screen = cli.onScreen("build", "--on-error=shell", at("broken"));
    await screen.shows("this is a shell in its files");
    screen.type("echo $WHERE $PWD $(cat left)\n");
    await screen.shows("inside /work made");
    screen.resize(33, 77);
    screen.type("sleep 0.3; stty size\n");
    await screen.shows("33 77");
    screen.type("exit\n");
    expect(await screen.exited).toBe(1);
    await screen.shows("exit code: 7");
    await noSteps();
    const left = cli.onScreen("build", "--on-error=shell", at("broken"));
    await left.shows("this is a shell in its files");
    left[Symbol.dispose]();
    await noSteps();
    expect(await cli.inro("build", "--on-error=shell", at("broken"))).toMatchObject({ code: 1 });
  });

  test("on a terminal shows what is under way, and ^C ends it and leaves nothing", async () => {
    write(folder.path, { "slow/Dockerfile": "FROM busybox\nRUN echo begun; sleep 1000\n" });
    using screen = cli.onScreen("build", at("slow"));
    await screen.shows("│ begun");
    screen.resize(30, 40);
    await screen.shows(/\[2\/2\] RUN echo begun; sleep …/);
    screen.type("\x03");
    expect(await screen.exited).toBe(130);
    await screen.shows("canceled");
    await noSteps();
  });
});
