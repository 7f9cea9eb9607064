import { beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { machine } from "../support/host.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { dockerEngine, engineMissing } from "./docker.ts";

describe.skipIf(engineMissing)("the unmodified docker CLI looks at containers and images", () => {
  const it = dockerEngine(machine);
  const { docker } = it;
  const counting = "i=0; while :; do i=$((i+1)); echo line $i; echo err $i >&2; sleep 0.1; done";

  beforeAll(async () => {
    const flags = ["--name", "seen", "--label", "a=b", "-m", "64m", "-e", "X=1", "--hostname", "web"];
    const run = await docker("run", "-d", ...flags, "busybox", "sh", "-c", counting);
    if (run.code !== 0) throw new Error(run.stderr);
  }, 60_000);

  test("version and info", async () => {
    const version = await docker(
      "version",
      "--format",
      "{{.Server.APIVersion}} {{.Server.Os}} {{.Client.APIVersion}}",
    );
    expect(version.stdout).toMatch(/^1\.51 linux 1\.\d+\n$/);
    const info = await docker("info");
    expect(info.code).toBe(0);
    expect(info.stdout).toContain("Running: 1");
    expect(info.stdout).toContain("Cgroup Version:");
    expect(info.stdout).toContain(`Docker Root Dir: ${it.engine.dataRoot}`);
  });

  test("ps, its columns and filters", async () => {
    const ps = await docker("ps");
    expect(ps.stdout).toContain("CONTAINER ID");
    expect(ps.stdout).toMatch(/busybox\s+"sh -c 'i=0; while :…?.*Up .*seen/);
    const count = async (...filter: string[]) =>
      (await docker("ps", "-aq", ...filter)).stdout.split("\n").filter((line) => line !== "").length;
    expect(await count("--filter", "label=a=b")).toBe(1);
    expect(await count("--filter", "label=a=c")).toBe(0);
    expect(await count("--filter", "name=see")).toBe(1);
    expect(await count("--filter", "status=exited")).toBe(0);
    expect(await count("--filter", "ancestor=busybox")).toBe(1);
  });

  test("images, history, tag, inspect, rmi", async () => {
    const images = await docker("images", "--format", "{{.Repository}}:{{.Tag}}");
    expect(images.stdout.split("\n")).toContain("busybox:latest");
    expect((await docker("tag", "busybox", "mine/copy:v1")).code).toBe(0);
    const tags = await docker("inspect", "--type", "image", "-f", "{{.RepoTags}} {{.Os}}", "busybox");
    expect(tags.stdout).toBe("[busybox:latest mine/copy:v1] linux\n");
    expect((await docker("history", "-q", "busybox")).code).toBe(0);
    expect((await docker("rmi", "mine/copy:v1")).stdout).toBe("Untagged: mine/copy:v1\n");
    const used = await docker("rmi", "busybox");
    expect([used.code, used.stderr]).toEqual([1, expect.stringContaining("is used by")]);
  });

  test("inspect tells what was asked for", async () => {
    const [found] = JSON.parse((await docker("inspect", "seen")).stdout);
    expect(found).toMatchObject({
      Name: "/seen",
      Path: "sh",
      Args: ["-c", counting],
      State: { Status: "running", Running: true, ExitCode: 0, OOMKilled: false },
      Config: { Hostname: "web", Labels: { a: "b", "made.by": "test" }, Image: "busybox" },
      HostConfig: { Memory: 64 * 1024 * 1024, NetworkMode: "bridge" },
    });
    expect(found.Config.Env).toContain("X=1");
    expect(found.State.Pid).toBeGreaterThan(1);
    const address = found.NetworkSettings.Networks.bridge.IPAddress;
    expect(address).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
    const network = await docker(
      "network",
      "inspect",
      "-f",
      "{{range .Containers}}{{.IPv4Address}}{{end}}",
      "bridge",
    );
    expect(network.stdout).toStartWith(`${address}/`);
  });

  test("an object that does not exist: one line and exit code 1", async () => {
    const missing = await docker("inspect", "nothing");
    expect(missing.code).toBe(1);
    expect(missing.stderr.toLowerCase()).toContain("no such object: nothing");
  });

  test("logs: both streams, tail, timestamps, since, follow", async () => {
    await Bun.sleep(400);
    const logs = await docker("logs", "seen");
    expect(logs.stdout).toStartWith("line 1\nline 2\n");
    expect(logs.stderr).toStartWith("err 1\n");
    const tail = await docker("logs", "--tail", "2", "seen");
    expect(`${tail.stdout}${tail.stderr}`.trim().split("\n")).toHaveLength(2);
    const last = await docker("logs", "-t", "--tail", "1", "seen");
    expect(`${last.stdout}${last.stderr}`).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z (line|err) \d+\n$/);
    expect((await docker("logs", "--until", "2020-01-01T00:00:00Z", "seen")).stdout).toBe("");
    const follow = it.host.spawn("docker", [
      "-H",
      `unix://${it.engine.socket}`,
      "logs",
      "-f",
      "--tail",
      "0",
      "seen",
    ]);
    let text = "";
    follow.stdout?.on("data", (part: Buffer) => {
      text += part.toString();
    });
    await Bun.sleep(800);
    follow.kill();
    expect(text.split("\n").length).toBeGreaterThan(3);
  }, 20_000);

  test("top and stats", async () => {
    expect((await docker("top", "seen")).stdout).toMatch(/UID\s+PID.*sh -c/s);
    expect((await docker("top", "seen", "aux")).stdout).toContain("sleep 0.1");
    const stats = await docker(
      "stats",
      "--no-stream",
      "--format",
      "{{.Name}} {{.MemUsage}} {{.PIDs}}",
      "seen",
    );
    expect(stats.stdout).toMatch(/^seen [\d.]+[KM]?i?B \/ 64MiB [12]\n$/);
  }, 20_000);

  test("cp both ways, diff, export", async () => {
    using folder = temporaryFolder("cp");
    const at = (name: string) => join(folder.path, name);
    mkdirSync(at("in/sub"), { recursive: true });
    writeFileSync(at("in/sub/file"), "content\n", { mode: 0o640 });
    expect(await docker("cp", at("in"), "seen:/tmp/")).toMatchObject({ code: 0 });
    expect((await docker("exec", "seen", "cat", "/tmp/in/sub/file")).stdout).toBe("content\n");
    expect(await docker("cp", "seen:/tmp/in/sub/file", at("back"))).toMatchObject({ code: 0 });
    expect(readFileSync(at("back"), "utf8")).toBe("content\n");
    expect((await docker("cp", "seen:/nothing", at("x"))).stderr).toContain("/nothing");
    expect((await docker("diff", "seen")).stdout).toContain("A /tmp/in/sub/file\n");
    expect(await docker("export", "-o", at("all.tar"), "seen")).toMatchObject({ code: 0 });
    expect(readFileSync(at("all.tar")).includes("tmp/in/sub/file")).toBe(true);
  }, 20_000);

  test("events tell what happened, with their filters", async () => {
    const since = String(Date.now() / 1000);
    await docker("run", "--rm", "--name", "told", "busybox", "false");
    const until = String(Date.now() / 1000 + 0.5);
    const format = ["--format", "{{.Action}} {{.Actor.Attributes.name}}"];
    const events = await docker(
      "events",
      "--since",
      since,
      "--until",
      until,
      "--filter",
      "container=told",
      ...format,
    );
    const actions = events.stdout
      .trim()
      .split("\n")
      .map((line) => line.split(" ")[0]);
    for (const action of ["create", "attach", "start", "die", "destroy"]) expect(actions).toContain(action);
    const died = await docker(
      "events",
      "--since",
      since,
      "--until",
      until,
      "--filter",
      "event=die",
      "--format",
      "{{.Actor.Attributes.exitCode}}",
    );
    expect(died.stdout).toBe("1\n");
  }, 20_000);

  test("rename, port, volume, network ls, system df, prune", async () => {
    expect((await docker("create", "--name", "old", "-p", "127.0.0.1:0:80", "busybox", "true")).code).toBe(0);
    expect((await docker("rename", "old", "new")).code).toBe(0);
    expect((await docker("ps", "-a", "--format", "{{.Names}} {{.Status}}")).stdout).toContain("new Created");
    expect((await docker("network", "ls", "--format", "{{.Name}}")).stdout).toBe("bridge\nhost\nnone\n");
    expect((await docker("volume", "create", "data")).stdout).toBe("data\n");
    expect((await docker("volume", "ls", "-q")).stdout).toContain("data\n");
    expect((await docker("volume", "rm", "data")).code).toBe(0);
    expect((await docker("system", "df")).stdout).toContain("Containers");
    const pruned = await docker("container", "prune", "-f");
    expect(pruned.stdout).toContain("Total reclaimed space");
    expect((await docker("inspect", "new")).code).toBe(1);
  }, 20_000);

  test("what a daemon without a swarm or a builder cannot do is said in a sentence", async () => {
    expect((await docker("node", "ls")).stderr).toContain("not a swarm manager");
    expect((await docker("run", "--network", "mine", "busybox")).stderr).toContain("mine");
  });
});
