import { beforeAll, describe, expect, test } from "bun:test";
import { cliEngine, engineMissing } from "./engine.ts";

describe.skipIf(engineMissing)("looking at containers and images", () => {
  const cli = cliEngine();
  const inro = (...words: string[]) => cli.inro(...words);
  const { out } = cli;

  beforeAll(async () => {
    const script = "echo first; echo second >&2; sleep 600";
    await inro(
      "run",
      "-d",
      "--name",
      "web",
      "-p",
      "127.0.0.1::80",
      "-l",
      "role=front",
      "busybox",
      "sh",
      "-c",
      script,
    );
    await inro("create", "--name", "idle", "busybox", "true");
  }, 60_000);

  test("ps in docker's columns, by filter, as ids, by template", async () => {
    const [titles = "", first = "", ...more] = (await out("ps")).trimEnd().split("\n");
    expect(titles).toMatch(/^CONTAINER ID +IMAGE +COMMAND +CREATED +STATUS +PORTS +NAMES$/);
    expect(first).toMatch(
      /^[0-9a-f]{12} +busybox +"sh -c 'echo first; …" .* Up .* 127\.0\.0\.1:\d+->80\/tcp +web$/,
    );
    expect(more).toEqual([]);
    expect(await out("ps", "-aq", "--no-trunc")).toMatch(/^([0-9a-f]{64}\n){2}$/);
    expect(await out("ps", "-a", "-f", "status=created", "--format", "{{.Names}}")).toBe("idle\n");
    expect(await out("ps", "--format", 'table {{.Names}}\\t{{.Label "role"}}')).toBe(
      "NAMES     role\nweb       front\n",
    );
    expect(JSON.parse(await out("ps", "--format", "json"))).toMatchObject({ Names: "web", State: "running" });
    expect(await out("container", "ls", "-n", "1", "--format", "{{.Names}}")).toBe("idle\n");
  });

  test("images, history, tag, rmi", async () => {
    expect(await out("images", "--format", "{{.Repository}}:{{.Tag}}")).toContain("localhost/hello:latest\n");
    await out("tag", "busybox", "127.0.0.1:5000/mine:v1");
    expect(await out("image", "ls", "127.0.0.1:5000/mine")).toMatch(
      /127\.0\.0\.1:5000\/mine +v1 +[0-9a-f]{12} /,
    );
    expect(await out("rmi", "127.0.0.1:5000/mine:v1")).toContain("Untagged: 127.0.0.1:5000/mine:v1");
    expect(await out("history", "busybox")).toMatch(/^IMAGE +CREATED/);
  });

  test("inspect: JSON, a template, several kinds; what is missing fails and the rest is shown", async () => {
    expect(JSON.parse(await out("inspect", "web"))).toMatchObject([
      { Name: "/web", State: { Running: true } },
    ]);
    expect(await out("inspect", "-f", "{{.State.Status}} {{.Config.Labels.role}}", "web")).toBe(
      "running front\n",
    );
    expect(await out("inspect", "-f", "{{json .Config.Cmd}}", "busybox")).toBe('["sh"]\n');
    expect(await out("network", "inspect", "-f", "{{.Driver}}", "bridge")).toBe("bridge\n");
    const mixed = await inro("inspect", "-f", "{{.Id}}", "web", "nobody");
    expect(mixed.code).toBe(1);
    expect(mixed.stdout).toMatch(/^[0-9a-f]{64}\n$/);
    expect(mixed.stderr).toMatch(/^inro: No such object: nobody/);
    expect((await inro("inspect", "-f", "{{.Id", "web")).code).toBe(64);
    expect((await inro("inspect", "-f", "{{.Stat}}", "web")).stderr).toContain('did you mean ".State"?');
  });

  test("logs: both streams, tail, times; -f ends with the container", async () => {
    expect(await inro("logs", "web")).toEqual({ code: 0, stdout: "first\n", stderr: "second\n" });
    expect(await inro("logs", "--tail", "1", "web")).toMatchObject({ stdout: "", stderr: "second\n" });
    expect((await inro("logs", "-t", "web")).stdout).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z first\n$/);
    expect(await out("logs", "--since", "1ns", "web")).toBe("");
    await inro("run", "-d", "--name", "short", "busybox", "sh", "-c", "sleep 0.5; echo late");
    expect(await out("logs", "-f", "short")).toBe("late\n");
    await inro("rm", "short");
  });

  test("top, port, stats, diff, rename, pause", async () => {
    expect(await out("top", "web")).toContain("sleep 600");
    expect(await out("port", "web")).toMatch(/^80\/tcp -> 127\.0\.0\.1:\d+\n$/);
    expect(await out("port", "web", "80")).toMatch(/^127\.0\.0\.1:\d+\n$/);
    expect((await inro("port", "web", "81")).stderr).toContain("No public port '81/tcp' published for web");
    expect(await out("stats", "--no-stream", "--format", "{{.Name}} {{.PIDs}}", "web")).toBe("web 1\n");
    await out("exec", "web", "touch", "/new");
    expect(await out("diff", "web")).toContain("A /new\n");
    await out("rename", "idle", "lazy");
    await out("pause", "web");
    expect(await out("ps", "--format", "{{.Status}}")).toContain("(Paused)");
    await out("unpause", "web");
  });

  test("stats is live on a terminal, and Ctrl-C ends it", async () => {
    using live = cli.onScreen("stats");
    await live.shows(/web .*%/);
    live.type("\x03");
    expect(await live.exited).toBe(130);
  });

  test("version, info, system df, volumes, networks, events", async () => {
    expect(await out("version", "--format", "{{.Server.ApiVersion}}")).toBe("1.51\n");
    expect(await out("info", "-f", "{{.ContainersRunning}}")).toBe("1\n");
    expect(await out("system", "df")).toMatch(/^TYPE +TOTAL +ACTIVE +SIZE +RECLAIMABLE\nImages +2 /);
    expect(await out("volume", "create", "--label", "a=b", "data")).toBe("data\n");
    expect(await out("volume", "ls", "-f", "label=a", "--format", '{{.Name}} {{.Label "a"}}')).toBe(
      "data b\n",
    );
    expect(await out("volume", "rm", "data")).toBe("data\n");
    expect(await out("network", "ls", "--format", "{{.Name}}")).toBe("bridge\nhost\nnone\n");
    const told = await out(
      "events",
      "--since",
      "10m",
      "--until",
      "0s",
      "-f",
      "container=web",
      "--format",
      "{{.Action}}",
    );
    expect(told).toStartWith("create\nstart\n");
  });

  test("explain: of a line that did not run, and of a container with its times", async () => {
    const line = await out("explain", "run", "--rm", "-m", "64m", "-p", "8080:80", "busybox", "true");
    expect(line).toMatch(/^host +1 /);
    expect(line).toMatch(/memory\.(max|limit_in_bytes).* -m 64m$/m);
    expect(line).toMatch(/^become .* exec +\/bin\/true/m);
    expect(line).toContain("nothing was executed");
    expect(await out("ps", "-aq")).toMatch(/^([0-9a-f]{12}\n){2}$/);
    expect(await out("explain", "web")).toMatch(/^clone .* \d+\.\d{3} ms /m);
    const json = JSON.parse(await out("explain", "--json", "web"));
    expect(json.records.length).toBeGreaterThan(20);
    expect(json.plan.become.at(-1)).toMatchObject({ kind: "exec" });
    expect((await inro("explain", "lazy")).stderr).toContain("it was never started");
    const foreign = await inro("explain", "run", "--platform", "linux/s390x", "--pull", "never", "busybox");
    expect(foreign).toMatchObject({ code: 1, stdout: "" });
    expect(foreign.stderr).toContain("not for the specified platform linux/s390x");
  });

  test("a folder where a file belongs is said to be one", async () => {
    for (const verb of ["load -i /", "import /"])
      expect((await inro(...verb.split(" "))).stderr).toContain('cannot read "/": it is a folder');
  });

  test("export, and what can be pruned", async () => {
    const [program = "", ...place] = cli.engine.command;
    const child = Bun.spawn(["sh", "-c", '"$@" export web | tar t', "sh", program, ...place]);
    expect(await new Response(child.stdout).text()).toContain("bin/busybox\n");
    await inro("create", "--name", "gone", "-v", "/data", "busybox");
    expect(await out("container", "prune", "-f")).toMatch(
      /^Deleted Containers:\n[0-9a-f]{64}\n.*Total reclaimed space: /s,
    );
    expect(await out("volume", "prune", "-f")).toMatch(/^Deleted Volumes:\n[0-9a-f]{64}\n/);
    expect(await out("image", "prune", "-f")).toBe("Total reclaimed space: 0B\n");
    expect((await inro("container", "prune")).code).toBe(1);
    expect((await inro("search", "x")).stderr).toContain("not part of inro yet");
  });

  test("several names: each is tried, failures are told, and the exit code is 1", async () => {
    for (const name of ["a1", "lazy2"]) await inro("create", "--name", name, "busybox");
    const removed = await inro("rm", "a1", "nobody", "lazy2");
    expect(removed).toMatchObject({ code: 1, stdout: "a1\nlazy2\n" });
    expect(removed.stderr).toMatch(/^inro: [^\n]*No such container: nobody[^\n]*\n$/);
    expect(await inro("rm", "-f", "nobody")).toMatchObject({ code: 0, stdout: "" });
  });

  test("colours only on a terminal, and not with NO_COLOR", async () => {
    expect((await inro("rm", "nobody")).stderr).not.toContain("\x1b");
    using colored = cli.onScreen("rm", "nobody");
    await colored.exited;
    expect(colored.text).toContain("\x1b[31minro:\x1b[0m");
  });
});
