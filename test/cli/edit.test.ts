import { afterEach, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { screen } from "../clients/screen.ts";
import { ownHost } from "../support/host.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { cliEngine, engineMissing } from "./engine.ts";

/** The name, by which it says that it has done it; a line about waiting may have stood there. */
const DONE = /(?:\r\n|\x1b\[K)web\r\n/;

describe.skipIf(engineMissing)("inro edit", () => {
  const cli = cliEngine(ownHost);
  const { out } = cli;
  const at = async (name: string, template: string) => (await out("inspect", "-f", template, name)).trim();
  const pidOf = (name: string) => at(name, "{{.State.Pid}}");
  const run = (name: string, ...words: string[]) =>
    out("run", "-d", "--stop-timeout", "0", "--name", name, ...words, "busybox", "sleep", "600");
  const inside = async (name: string, script: string) =>
    (await cli.inro("exec", name, "sh", "-c", script)).stdout;
  let about = "";

  beforeAll(() => {
    about = "{{json .Config}} {{json .HostConfig}} {{json .Mounts}} {{.Name}} {{.Path}} {{.Args}}";
  });
  afterEach(async () => {
    const ids = (await out("ps", "-aq")).split("\n").filter(Boolean);
    if (ids.length > 0) await out("rm", "-f", "-v", ...ids);
  });

  test("of one with -P changes ports only where it is asked to, and what was withdrawn stays so", async () => {
    await run("all", "-P", "--expose", "80", "--expose", "81");
    expect(await out("edit", "all", "-l", "a=1")).not.toContain("port");
    const ports = async () =>
      [...(await out("port", "all")).matchAll(/^(\d+)\/tcp/gm)].map(([, port]) => port);
    expect(new Set(await ports())).toEqual(new Set(["80", "81"]));
    await out("edit", "all", "--publish-rm", "80");
    expect(new Set(await ports())).toEqual(new Set(["81"]));
    await out("edit", "all", "-e", "A=1");
    expect(await inside("all", "echo $A")).toBe("1\n");
    expect(new Set(await ports())).toEqual(new Set(["81"]));
  }, 60_000);

  test("tells of ports beside others only those that come and go", async () => {
    await run("row", "-p", "8000:8000");
    expect(await out("edit", "row", "-p", "8001:8001")).toBe("At once\n  + port 8001:8001/tcp\nrow\n");
    const more = await out("edit", "row", "-p", "8002-8003:8002-8003", "--publish-rm", "8001");
    expect(more).toBe("At once\n  - port 8001:8001/tcp\n  + port 8002-8003:8002-8003/tcp\nrow\n");
  });

  test("changes live what can be: name, labels, ports, limits, restart policy, health check", async () => {
    await run("web", "-p", "8000:80", "-l", "a=1", "-l", "b=2", "-m", "64m", "-e", "KEPT=1");
    const pid = await pidOf("web");
    const words = [
      ...["--name", "site", "-p", "8001:81", "--rm-port", "80", "-l", "a=3", "--label-rm", "b"],
      ...["--memory", "128m", "--pids-limit", "50", "--restart", "on-failure:2"],
      ...["--health-cmd", "true", "--health-interval", "1s", "--stop-signal", "USR1", "--stop-timeout", "1"],
    ];
    const shown = await out("edit", "web", ...words);
    expect(shown).toStartWith("At once\n  ~ name: web → site\n");
    for (const line of [
      "~ label a: 1 → 3",
      "- label b = 2",
      "+ port 8001:81/tcp",
      "- port 8000:80/tcp",
      "~ memory: 64MiB → 128MiB",
      "+ processes = 50",
      "~ restart policy: no → on-failure:2",
      "+ stop signal = USR1",
    ])
      expect(shown).toContain(`  ${line}\n`);
    expect(shown).not.toContain("restart;");
    expect(shown).toEndWith("\nsite\n");
    expect(await pidOf("site")).toBe(pid);
    expect(await out("port", "site")).toBe("81/tcp -> 0.0.0.0:8001\n81/tcp -> [::]:8001\n");
    expect(await at("site", "{{.Config.Labels}} {{.HostConfig.Memory}} {{.HostConfig.PidsLimit}}")).toBe(
      "map[a:3 made.by:test] 134217728 50",
    );
    const limit = "cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null";
    expect(await inside("site", limit)).toBe("134217728\n");
    for (let tries = 0; tries < 300 && (await at("site", "{{.State.Health.Status}}")) !== "healthy"; tries++)
      await Bun.sleep(20);
    expect(await at("site", "{{.State.Health.Status}}")).toBe("healthy");
    // It stays so, over a restart and another daemon.
    const told = await at("site", about);
    await cli.engine.kill();
    await cli.engine.serve();
    await out("restart", "-t", "0", "site");
    expect(await at("site", about)).toBe(told);
    expect(await out("port", "site")).toBe("81/tcp -> 0.0.0.0:8001\n81/tcp -> [::]:8001\n");
    expect((await cli.inro("inspect", "web")).code).toBe(1);
  }, 60_000);

  test("starts it again for the rest: environment, mounts, command; its files and volumes stay", async () => {
    using folder = temporaryFolder("edit");
    writeFileSync(join(folder.path, "file"), "bound\n");
    await run("app", "-e", "A=1", "-e", "C=3", "-v", "/scratch", "-v", "kept:/kept", "-p", "8000:80");
    await inside("app", "echo own >/own; echo anonymous >/scratch/file; echo named >/kept/file");
    const pid = await pidOf("app");
    const [id, volume] = [await at("app", "{{.Id}}"), await at("app", "{{(index .Mounts 1).Name}}")];
    const words = [
      ...[
        "-e",
        "A=2",
        "--env",
        "B=x y",
        "--env-rm",
        "C",
        "-v",
        `${folder.path}:/bound:ro`,
        "-v",
        "more:/tmp",
      ],
      ...["-w", "/kept", "-p", "8001:81", "--publish-rm", "8000:80", "-l", "k=v", "--init", "--name", "app2"],
    ];
    const command = ["--", "sh", "-c", "cat /bound/file; exec sleep 500"];
    const dry = await out("edit", "app", "--dry-run", ...words, ...command);
    expect(dry).toContain("With a restart; its files and volumes stay\n  ~ environment variable A: 1 → 2\n");
    expect(await pidOf("app")).toBe(pid);
    expect(await out("edit", "app", ...words, ...command)).toBe(`${dry}app2\n`);
    expect(await at("app2", "{{.Id}}")).toBe(id);
    expect(await pidOf("app2")).not.toBe(pid);
    expect(
      await inside("app2", 'echo "$A $B $C"; pwd; cat /own /scratch/file file; touch /bound/x 2>&1'),
    ).toMatch(/^2 x y \n\/kept\nown\nanonymous\nnamed\ntouch: .*[Rr]ead-only/);
    expect(await out("logs", "app2")).toContain("bound\n");
    expect(await out("port", "app2")).toContain("81/tcp -> 0.0.0.0:8001\n");
    expect(await out("port", "app2")).not.toContain("8000");
    expect(volume).toMatch(/^[0-9a-f]{64}$/);
    expect(await at("app2", "{{json .Mounts}}")).toContain(volume);
    expect(await out("volume", "ls", "-q")).toContain("more\n");
    // A mount that goes leaves its volume.
    await out("edit", "app2", "--mount-rm", "/kept", "-w", "/");
    expect(await inside("app2", "ls /kept; cat /own")).toBe("own\n");
    expect(await out("volume", "ls", "-q")).toContain("kept\n");
  }, 60_000);

  test("undoes everything where it does not start, or fails at once: it runs as it was", async () => {
    await run("db", "-e", "A=1", "-p", "8000:80", "-m", "64m", "--restart", "always", "-l", "x=y");
    await inside("db", "echo own >/own");
    const told = await at("db", about);
    for (const [words, why] of [
      [["-e", "A=2", "-l", "x=z", "--name", "gone", "--", "/nosuch"], "/nosuch"],
      [["-v", "fresh:/fresh", "-p", "8001:81", "--", "sh", "-c", "exit 3"], "its program ended with 3"],
      [["-u", "nobodyhere", "-m", "32m"], "nobodyhere"],
    ] as const) {
      const failed = await cli.inro("edit", "db", ...words);
      expect({ code: failed.code, stderr: failed.stderr }).toEqual({
        code: 1,
        stderr: expect.stringContaining("it runs again as it was before"),
      });
      expect(failed.stderr).toContain(why);
      expect(await at("db", about)).toBe(told);
      expect(await at("db", "{{.State.Status}} {{.State.Error}}")).toBe("running");
      expect(await inside("db", "cat /own; echo $A")).toBe("own\n1\n");
      expect(await out("port", "db")).toBe("80/tcp -> 0.0.0.0:8000\n80/tcp -> [::]:8000\n");
    }
  }, 60_000);

  test("a live one that fails half way is undone: the port is somebody else's, the limit the kernel refuses", async () => {
    await run("other", "-p", "9000:90");
    await run("web", "-p", "8000:80", "-m", "64m", "-l", "x=y");
    const told = await at("web", about);
    const taken = ["--publish-rm", "80", "-p", "8001:81", "-p", "9000:90", "-l", "x=z", "-m", "32m"];
    expect((await cli.inro("edit", "web", ...taken)).stderr).toContain('"other" has published it');
    expect(await at("web", about)).toBe(told);
    expect(await out("port", "web")).toBe("80/tcp -> 0.0.0.0:8000\n80/tcp -> [::]:8000\n");
    const refused = ["-p", "8001:81", "-l", "x=z", "--cpuset-cpus", "4000"];
    expect((await cli.inro("edit", "web", ...refused)).code).toBe(1);
    expect(await at("web", about)).toBe(told);
    expect(await out("port", "web")).toBe("80/tcp -> 0.0.0.0:8000\n80/tcp -> [::]:8000\n");
  }, 60_000);

  test("of one that rests is one write, and what it says holds from the next start on", async () => {
    await out("create", "--name", "rest", "-e", "A=1", "busybox", "sh", "-c", "echo $A; cat /data/file");
    mkdirSync(join(cli.engine.dataRoot, "../given"), { recursive: true });
    const given = join(cli.engine.dataRoot, "../given");
    writeFileSync(join(given, "file"), "given\n");
    expect(await out("edit", "rest", "-e", "A=2", "-v", `${given}:/data`, "-p", "8000:80")).toStartWith(
      "From its next start on\n  ~ environment variable A: 1 → 2\n",
    );
    expect(await out("start", "-a", "rest")).toBe("2\ngiven\n");
  }, 30_000);

  test("of one with --rm keeps it over the restart, and a failure too", async () => {
    await run("brief", "--rm", "-e", "A=1");
    await out("edit", "brief", "-e", "A=2");
    expect(await inside("brief", "echo $A")).toBe("2\n");
    expect((await cli.inro("edit", "brief", "--", "/nosuch")).code).toBe(1);
    expect(await inside("brief", "echo $A")).toBe("2\n");
    await out("kill", "brief");
    for (let tries = 0; tries < 100 && (await out("ps", "-aq")) !== ""; tries++) await Bun.sleep(20);
    expect(await out("ps", "-aq")).toBe("");
  }, 30_000);

  test("refuses what makes no sense, and changes nothing then", async () => {
    await run("web");
    await run("taken");
    const told = await at("web", about);
    const says = async (...words: string[]) => {
      const { code, stderr } = await cli.inro("edit", "web", ...words);
      expect(code).not.toBe(0);
      return stderr;
    };
    expect(await says("--name", "taken")).toContain("already in use");
    expect(await says("--name", "a/b")).toContain("only [a-zA-Z0-9]");
    expect(await says("--env-rm", "NOPE")).toContain('it has no environment variable "NOPE"');
    expect(await says("--mount-rm", "/nope")).toContain('it has no mount "/nope"');
    expect(await says("--publish-rm", "80")).toContain("none of these is published");
    expect(await says("-m", "1k")).toContain("the least is 6 MiB");
    expect(await says("--mount", "type=bind,source=/nosuch/x,target=/x")).toContain("does not exist");
    expect(await says()).toContain("say what is to be changed");
    expect(await says("--hostnam", "x")).toContain("did you mean --hostname?");
    expect(await out("edit", "web", "-l", "made.by=test")).toBe("Nothing to change.\n");
    expect(await at("web", about)).toBe(told);
  }, 30_000);

  test("in the user's editor: lines that are changed, added and taken away are the edit", async () => {
    using folder = temporaryFolder("editor");
    const editor = join(folder.path, "editor");
    const shown = join(folder.path, "shown");
    const edits = (script: string) =>
      writeFileSync(
        editor,
        `#!/bin/sh\ncp "$1" ${shown}\nstat -c %a "$1" >>${shown}\nsed -i "${script}" "$1"\n`,
        { mode: 0o755 },
      );
    let text = "";
    const open = async (wanted: string | RegExp, answer = "") => {
      using terminal = screen([...cli.engine.command, "edit", "web"], { EDITOR: `sh ${editor}` });
      if (answer !== "") {
        await terminal.shows("[y/N]");
        terminal.type(answer);
      }
      await terminal.shows(wanted);
      text = Bun.stripANSI(terminal.text);
      return terminal.exited;
    };
    await run(
      "web",
      "-e",
      "A=it's",
      "-e",
      "B=2",
      "-l",
      "k=v",
      "-p",
      "8000:80",
      "-m",
      "64m",
      "-v",
      "data:/data",
    );
    edits("s/nothing/nothing/");
    expect(await open("Nothing to change.")).toBe(0);
    expect(readFileSync(shown, "utf8")).toEndWith(
      `${["--name web", "--env 'A=it'\\''s'", "--env B=2", "--label k=v", "--stop-timeout 0", "--volume data:/data", "--memory 67108864", "--publish 8000:80", "-- sleep 600", "600"].join("\n")}\n`,
    );
    edits("s/8000:80/8001:80/; s/k=v/k=w/; /^--memory/d; s/^--name.*/--name web/");
    expect(await open(DONE)).toBe(0);
    expect(await out("port", "web")).toStartWith("80/tcp -> 0.0.0.0:8001\n");
    expect(await at("web", "{{.Config.Labels.k}} {{.HostConfig.Memory}}")).toBe("w 0");
    edits(
      "/^--env B/d; s/^--volume.*/--volume other:\\/data/; s/^-- sleep 600/-- sleep '5 00'/; s/'5 00'/500/",
    );
    expect(await open(DONE, "y\r")).toBe(0);
    expect(text).toContain("- environment variable B = 2");
    expect(await inside("web", "echo $A $B; cat /proc/1/cmdline")).toBe("it's\nsleep\u0000500\u0000");
    expect(await at("web", "{{json .HostConfig.Binds}}")).toBe('["other:/data"]');
    edits("s/8001:80/nonsense/");
    expect(await open('"nonsense" is not a port')).not.toBe(0);
    edits("/^--name/d");
    expect(await open("--name cannot be taken away")).not.toBe(0);
    writeFileSync(editor, "exit 3");
    expect(await open("ended with 3: nothing was changed")).not.toBe(0);
  }, 60_000);
});
